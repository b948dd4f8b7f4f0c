package io.holdfast.nbd.transmission;

import io.holdfast.door.InFlight;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.nbd.NbdEnvironment;
import io.holdfast.nbd.protocol.ReplyFormat;
import io.holdfast.nbd.transport.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The replies of one connection on their way to the socket. Any thread adds its reply; a thread that finds the socket
 * free sends all waiting replies with one gathering write.
 *
 * <p>Invariants: replies go out whole and in the order in which they were added. Who has the turn {@code writing} has the
 * transport's sending side, {@code headers}, {@code batch} and {@code buffers}; the last two are empty while it is
 * free. Every added reply is released exactly once, even if the client is gone or memory is short. Adding and sending
 * never throw. After a failed write nothing more is sent and the transport is aborted. {@link InFlight} bounds the
 * queue.
 */
final class ReplyQueue {
    private static final int BATCH = 64;
    private static final long SILENCE_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);

    private final Transport transport;
    private final ReplyFormat format;
    private final ConcurrentLinkedQueue<Reply> waiting = new ConcurrentLinkedQueue<>();
    private final SendingTurn writing;
    private final ByteBuffer headers;
    private final List<Reply> batch = new ArrayList<>(BATCH);
    private final List<ByteBuffer> buffers = new ArrayList<>(BATCH);
    /** Why nothing more is sent. */
    private volatile @Nullable Throwable broken;

    ReplyQueue(Transport transport, ReplyFormat format, NbdEnvironment environment) {
        this.transport = transport;
        this.format = format;
        this.writing = new SendingTurn(environment.timing());
        this.headers = environment.buffers().apply(BATCH * ReplyFormat.HEADER_MAX);
    }

    /** Adds a reply that goes out with the next {@link #flush}. */
    void add(Reply reply) {
        try {
            waiting.add(reply);
        } catch (RuntimeException | Error e) {
            giveUp(e);
            release(reply);
        }
    }

    /** Adds a reply and sends it; if another thread is sending, that thread sends this reply too. */
    void send(Reply reply) {
        add(reply);
        flush();
    }

    /**
     * Sends the waiting replies. If another thread is sending, returns at once: that thread checks again when it is
     * done.
     */
    void flush() {
        while (!waiting.isEmpty()) {
            if (!writing.tryTake()) {
                return;
            }
            try {
                writeBatch();
            } finally {
                writing.giveBack();
            }
        }
    }

    /** Adds a reply and returns when it has been sent. */
    void sendNow(Reply reply) {
        add(reply);
        writing.take();
        try {
            while (!waiting.isEmpty()) {
                writeBatch();
            }
        } finally {
            writing.giveBack();
        }
        flush();
    }

    /** Lets {@code stream} write a reply piece by piece, with nothing in between. */
    void sendStream(Stream stream) {
        writing.take();
        try {
            if (broken == null) {
                stream.writeTo(transport);
            }
        } catch (IOException e) {
            giveUp(e);
        } catch (RuntimeException | Error e) {
            // Before the lock is free: what another thread sends would be taken for the rest of the stream.
            giveUp(e);
            throw e;
        } finally {
            writing.giveBack();
        }
        flush();
    }

    private void writeBatch() {
        try {
            takeBatch();
            if (Inject.fails(Point.ALLOCATE_REPLY)) {
                throw new OutOfMemoryError("injected");
            }
            if (broken == null) {
                gather();
                transport.write(buffers.toArray(ByteBuffer[]::new), buffers.size());
            }
        } catch (IOException e) {
            giveUp(e);
        } catch (RuntimeException | Error e) {
            // This includes OutOfMemoryError. Release the replies that were taken, and end the connection: else its
            // client would wait for them.
            giveUp(e);
            Defects.log("sending replies failed in an unexpected way", e);
        } finally {
            buffers.clear();
            for (int i = 0; i < batch.size(); i++) {
                release(batch.get(i));
            }
            batch.clear();
        }
    }

    private static void release(Reply reply) {
        try {
            reply.release();
        } catch (RuntimeException | Error e) {
            Defects.log("giving back what a reply had failed", e);
        }
    }

    /** Takes waiting replies into the list. The list never has to grow, so no reply is lost to a failed allocation. */
    private void takeBatch() {
        for (Reply reply = waiting.poll(); reply != null; reply = batch.size() < BATCH ? waiting.poll() : null) {
            batch.add(reply);
        }
    }

    /** Puts the headers and payloads of the batch into the buffers. */
    private void gather() {
        headers.clear();
        int start = 0;
        for (Reply reply : batch) {
            reply.putHeader(headers, format);
            int before = buffers.size();
            reply.addPayload(buffers);
            if (buffers.size() > before) {
                buffers.add(before, headers.slice(start, headers.position() - start));
                start = headers.position();
            }
        }
        buffers.add(headers.slice(start, headers.position() - start));
    }

    /** Sends nothing more from now on. */
    void giveUp(Throwable why) {
        if (broken == null) {
            broken = why;
        }
        transport.abort();
    }

    /** Returns whether replies wait for the client to take them. */
    boolean isSending() {
        return writing.isTaken() || !waiting.isEmpty();
    }

    /** Returns why no more replies are sent; null if they still are. */
    @Nullable
    Throwable broken() {
        return broken;
    }

    /**
     * Asks a question while no thread writes to the socket.
     *
     * @return the answer; false if some thread has been writing for five seconds, since a write to a client that is
     *     gone would have failed
     */
    boolean askInSilence(BooleanSupplier question) {
        boolean silent = false;
        try {
            silent = writing.tryTake(SILENCE_NANOS_MAX);
            return silent && question.getAsBoolean();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            if (silent) {
                writing.giveBack();
            }
            flush();
        }
    }

    /** Writes one whole reply. */
    interface Stream {
        void writeTo(Transport transport) throws IOException;
    }
}
