package io.holdfast.nbd.transmission;

import io.holdfast.nbd.protocol.ReplyFormat;
import io.holdfast.nbd.transport.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The replies of one connection on their way to the socket. Whoever has a reply adds it; whoever finds the socket
 * free sends all that are there in one gathering write.
 *
 * <p>Invariants: replies go out in the order in which they were added, each whole; {@code writing} guards the
 * transport's sending side, {@code headers}, and {@code batch} and {@code buffers}, which are empty while it is free; a
 * reply that was added is released exactly once, also when the client is gone or memory is short, and nothing is thrown to
 * whoever adds or sends. After a failed write nothing more is sent and the transport is aborted. The queue is bounded by
 * {@link InFlight}.
 */
final class ReplyQueue {
    private static final int BATCH = 64;
    private static final long SILENCE_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);

    private final Transport transport;
    private final ReplyFormat format;
    private final ConcurrentLinkedQueue<Reply> waiting = new ConcurrentLinkedQueue<>();
    private final ReentrantLock writing = new ReentrantLock();
    private final ByteBuffer headers = ByteBuffer.allocateDirect(BATCH * ReplyFormat.HEADER_MAX);
    private final List<Reply> batch = new ArrayList<>(BATCH);
    private final List<ByteBuffer> buffers = new ArrayList<>(BATCH);
    /** Why nothing more is sent. */
    private volatile @Nullable Throwable broken;

    ReplyQueue(Transport transport, ReplyFormat format) {
        this.transport = transport;
        this.format = format;
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

    /** Adds a reply and sends it, unless another thread is sending: then that one does. */
    void send(Reply reply) {
        add(reply);
        flush();
    }

    /** Sends what is waiting, unless another thread is sending: that one looks again when it is done. */
    void flush() {
        while (!waiting.isEmpty()) {
            if (!writing.tryLock()) {
                return;
            }
            try {
                writeBatch();
            } finally {
                writing.unlock();
            }
        }
    }

    /** Adds a reply and returns when it has been sent. */
    void sendNow(Reply reply) {
        add(reply);
        writing.lock();
        try {
            while (!waiting.isEmpty()) {
                writeBatch();
            }
        } finally {
            writing.unlock();
        }
        flush();
    }

    /** Lets {@code stream} write a reply piece by piece, with nothing in between. */
    void sendStream(Stream stream) {
        writing.lock();
        try {
            if (broken == null) {
                stream.writeTo(transport);
            }
        } catch (IOException e) {
            giveUp(e);
        } finally {
            writing.unlock();
        }
        flush();
    }

    private void writeBatch() {
        try {
            takeBatch();
            if (broken == null) {
                gather();
                transport.write(buffers.toArray(ByteBuffer[]::new), buffers.size());
            }
        } catch (IOException e) {
            giveUp(e);
        } catch (RuntimeException | Error e) {
            // Want of memory, too: replies that were taken must not stay, nor the client wait for them.
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

    /** The list has room for all: nothing that was taken is lost. */
    private void takeBatch() {
        for (Reply reply = waiting.poll(); reply != null; reply = batch.size() < BATCH ? waiting.poll() : null) {
            batch.add(reply);
        }
    }

    /** Takes what there is to send of the batch into the buffers. */
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

    /** Nothing more is sent from now on. */
    void giveUp(Throwable why) {
        if (broken == null) {
            broken = why;
        }
        transport.abort();
    }

    /** Returns whether replies wait for the client to take them. */
    boolean isSending() {
        return writing.isLocked() || !waiting.isEmpty();
    }

    /** Returns why no more replies are sent, if it is so. */
    @Nullable
    Throwable broken() {
        return broken;
    }

    /**
     * Asks a question while no thread writes to the socket.
     *
     * @return the answer, or false if a thread has been writing for five seconds: if the client were gone it had failed
     */
    boolean askInSilence(BooleanSupplier question) {
        boolean silent = false;
        try {
            silent = writing.tryLock(SILENCE_NANOS_MAX, TimeUnit.NANOSECONDS);
            return silent && question.getAsBoolean();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            if (silent) {
                writing.unlock();
            }
            flush();
        }
    }

    /** Writes one whole reply. */
    interface Stream {
        void writeTo(Transport transport) throws IOException;
    }
}
