package io.holdfast.nbd.transmission;

import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.handshake.Negotiated;
import io.holdfast.nbd.protocol.NbdError;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.transport.InputBuffer;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the commands of one connection share.
 *
 * <p>Invariants: every {@link Job} that {@link #enter} returns ends in exactly one final reply, or in {@link #giveUp} or
 * {@link #abandon}, which end the connection: so each place is given up, whatever is thrown and on which thread. {@code here}
 * is the request that the reading thread has and nobody else; it is empty from the moment in which somebody else has it, a
 * worker or the queue of replies. {@code reserve} belongs to the reading thread; it is what keeps a connection going when the
 * pool is empty.
 */
final class Exchange {
    /** Reads of up to so many bytes, and shorter writes, are tried on the reading thread before another one is asked. */
    static final int INLINE_MAX = 64 << 10;

    final Negotiated negotiated;
    final StoredFile file;
    final InputBuffer input;
    final ReplyQueue replies;
    final InFlight inFlight;
    final BufferPool pool;
    final Meters meters;
    final Workers workers;
    private final ChangeGate gate;
    private final BooleanSupplier peerIsGone;
    private @Nullable ReadQueue reads;
    private @Nullable Slice reserve;
    private @Nullable Job here;

    Exchange(
            Negotiated negotiated,
            InputBuffer input,
            ReplyQueue replies,
            InFlight inFlight,
            BufferPool pool,
            Meters meters,
            Workers workers,
            ChangeGate gate,
            BooleanSupplier peerIsGone) {
        this.negotiated = negotiated;
        this.file = negotiated.export().file();
        this.input = input;
        this.replies = replies;
        this.inFlight = inFlight;
        this.pool = pool;
        this.meters = meters;
        this.workers = workers;
        this.gate = gate;
        this.peerIsGone = peerIsGone;
    }

    /** Takes a request in; waits while the connection has too much in flight. For the reading thread. */
    Job enter(Request request, int bytes) {
        // Before it has a place: a place that no job knows of would be lost.
        Job job = new Job(request, inFlight, bytes);
        if (!inFlight.tryEnter(bytes)) {
            replies.flush();
            inFlight.enter(bytes);
        }
        here = job;
        meters.requests.increment();
        return job;
    }

    /** Returns memory for a request, which it has until it leaves or the memory is released, or null if there is none now. */
    @Nullable
    Lease lease(Job job, int bytes) {
        Lease lease = pool.tryLease(bytes);
        if (lease != null) {
            job.holds(lease);
        }
        return lease;
    }

    /**
     * The reading thread ends. If it has a request that nobody else has, since something was thrown, that one gets no reply,
     * and nobody may wait for it.
     */
    void abandon() {
        Job job = here;
        here = null;
        if (job != null) {
            job.leave();
        }
    }

    /** Not even an error can be told of a request that this thread alone has: the connection ends. */
    void giveUp(Job job, Throwable why) {
        try {
            replies.giveUp(why);
            Defects.log("a request cannot be answered, so its connection ends", why);
        } finally {
            job.leave();
        }
    }

    /** Adds the last reply of the request that the reading thread has. */
    void reply(Reply last) {
        here = null;
        replies.add(last);
    }

    /** Sends the last reply of the request that the reading thread has. */
    void replyNow(Reply last) {
        here = null;
        replies.sendNow(last);
    }

    /** The reading thread has sent all of the request's reply. */
    void leave(Job job) {
        here = null;
        job.leave();
    }

    /** Somebody else has the request that the reading thread had. */
    void handedOver() {
        here = null;
    }

    /**
     * The request is about to change the file. For the reading thread, when everything of the request is there.
     *
     * @throws EOFException if the client is gone and another one has come: it must not
     */
    void begin(Job job) throws IOException {
        job.changes(gate, gate.begin(peerIsGone));
    }

    /**
     * Returns the reads that keep no thread waiting. They have a thread of their own that sends what has come, so that a
     * client which does not read its replies holds up nobody else. For the reading thread.
     */
    ReadQueue reads() throws HoldfastException {
        ReadQueue queue = reads;
        if (queue == null) {
            queue = file.openReads(Thread.currentThread().getName(), replies::flush);
            reads = queue;
        }
        return queue;
    }

    /** Ends what has threads; nothing may be in flight any more. */
    void close() {
        try {
            ReadQueue queue = reads;
            if (queue != null) {
                queue.close();
            }
        } finally {
            workers.close();
        }
    }

    /**
     * Runs what has to wait: on another thread, or on this one if the client sends nothing before it has the reply. That
     * spares two wake-ups, which at queue depth 1 nothing hides. For the reading thread.
     */
    void start(Job job, Work work) {
        if (!ranHere(job, work)) {
            startElsewhere(job, work);
        }
    }

    /** Runs it on this thread if the client sends nothing before it has the reply; else returns false. */
    boolean ranHere(Job job, Work work) {
        boolean serial = isSerial();
        if (serial) {
            reply(attempt(job, work));
        }
        return serial;
    }

    private void startElsewhere(Job job, Work work) {
        workers.run(() -> finish(job, work));
        handedOver();
    }

    /** Runs on another thread what a thread that must not wait has found out to have to. Does not throw. */
    void handOn(Job job, Work work) {
        try {
            workers.run(() -> finish(job, work));
        } catch (RuntimeException | Error e) {
            giveUp(job, e);
        }
    }

    /** Runs the work and sends the reply, on whichever thread has the job. Does not throw. */
    void finish(Job job, Work work) {
        Reply reply;
        try {
            reply = attempt(job, work);
        } catch (RuntimeException | Error e) {
            giveUp(job, e);
            return;
        }
        replies.send(reply);
    }

    /** Returns whether the request that is being served is all that the client has sent, as usual with this one. */
    boolean isSerial() {
        return input.available() == 0 && inFlight.isSerial();
    }

    /** Runs the work and turns an exception into the reply that reports it. */
    Reply attempt(Job job, Work work) {
        try {
            return work.run();
        } catch (HoldfastException e) {
            return failure(job, NbdError.of(e), text(e));
        } catch (RuntimeException | Error e) {
            // Want of memory, too: the request must not stay.
            Defects.log("a request failed in an unexpected way: " + job.request(), e);
            return failure(job, NbdError.EIO, "internal error of the server: " + e);
        }
    }

    /** Returns the reply to a write that has succeeded. */
    Reply written(Job job) {
        job.changed();
        meters.bytesWritten.add(job.request().length());
        return new Reply.Done(job);
    }

    Reply failure(Job job, NbdError error, String message) {
        job.changed();
        meters.errors.increment();
        return new Reply.Failure(job, error, message);
    }

    static String text(HoldfastException e) {
        return String.valueOf(e.getMessage());
    }

    /** Returns up to {@link Slice#MAX} bytes of the connection's own memory. For the reading thread. */
    Lease reserve(int bytes) {
        Slice slice = reserve == null ? Slice.allocate(Slice.MAX) : reserve;
        reserve = slice;
        return new Lease(List.of(slice), bytes, slices -> {});
    }

    /** What a command does; its result is the final reply. */
    interface Work {
        Reply run() throws HoldfastException;
    }
}
