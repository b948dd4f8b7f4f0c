package io.holdfast.nbd.transmission;

import io.holdfast.door.ChangeGate;
import io.holdfast.door.InFlight;
import io.holdfast.door.Lease;
import io.holdfast.door.PayloadShare;
import io.holdfast.error.HoldfastException;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.nbd.handshake.Negotiated;
import io.holdfast.nbd.protocol.NbdError;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.transport.InputBuffer;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;
import java.io.EOFException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The state that the commands of one connection share.
 *
 * <p>Invariants: every {@link Job} that {@link #enter} returns ends in exactly one final reply, or in {@link #giveUp}
 * or {@link #abandon}, which end the connection. So its place in {@link InFlight} is always given back, whatever is
 * thrown on whichever thread. {@code here} is the request that only the reading thread owns; it is null as soon as a
 * worker or the reply queue owns the request. {@code memory} is the connection's share of the pool; its step memory belongs
 * to the reading thread. {@code orphans} have memory to which the device may still write; it goes back when the queue
 * of reads is closed.
 */
final class Exchange {
    /**
     * The reading thread tries reads of up to this many bytes, and shorter writes, itself before it hands them to a
     * worker.
     */
    static final int INLINE_MAX = 64 << 10;

    final Negotiated negotiated;
    final StoredFile file;
    final InputBuffer input;
    final ReplyQueue replies;
    final InFlight inFlight;
    final PayloadShare memory;
    final ExportMeter meter;
    final Workers workers;
    final int processors;
    private final ChangeGate gate;
    private final Job.Waited waited;
    private final BooleanSupplier peerIsGone;
    private @Nullable ReadQueue reads;
    private final AtomicReference<@Nullable Job> orphans = new AtomicReference<>();
    private @Nullable Job here;

    Exchange(
            Negotiated negotiated,
            InputBuffer input,
            ReplyQueue replies,
            InFlight inFlight,
            PayloadShare memory,
            Meters meters,
            Workers workers,
            int processors,
            ChangeGate gate,
            BooleanSupplier peerIsGone) {
        this.negotiated = negotiated;
        this.file = negotiated.export().file();
        this.waited = (request, nanos) -> {
            file.clientWaited(nanos);
            meters.ended(request.type(), nanos);
        };
        this.input = input;
        this.replies = replies;
        this.inFlight = inFlight;
        this.memory = memory;
        this.meter = meters.export(negotiated.export().label());
        this.workers = workers;
        this.processors = processors;
        this.gate = gate;
        this.peerIsGone = peerIsGone;
    }

    /** Admits a request; waits while the connection has too much in flight. For the reading thread. */
    Job enter(Request request, int bytes) {
        // Make the job before taking a place: if this allocation failed afterwards, the place would be lost.
        Job job = new Job(request, inFlight, bytes, waited);
        if (!inFlight.tryEnter(bytes)) {
            replies.flush();
            inFlight.enter(bytes);
        }
        here = job;
        meter.received(request.type());
        if (Inject.fails(Point.ALLOCATE_REQUEST)) {
            throw new OutOfMemoryError("injected");
        }
        Inject.at(Point.REQUEST_RECEIVED);
        return job;
    }

    /**
     * Returns memory that the request keeps until it leaves or the memory is released; null if the connection may have no
     * more now. The caller then goes on with {@link PayloadShare#step}.
     */
    @Nullable
    Lease lease(Job job, int bytes) {
        Lease lease = memory.tryLease(bytes);
        if (lease != null) {
            job.holds(lease);
        }
        return lease;
    }

    /**
     * Drops the request that only the reading thread owns, if there is one, when that thread ends by an exception. The
     * request gets no reply, and it leaves, so that nobody waits for it.
     */
    void abandon() {
        Job job = here;
        here = null;
        if (job != null) {
            job.leave();
        }
    }

    /** Ends the connection, because not even an error reply can be made for a request that only this thread owns. */
    void giveUp(Job job, Throwable why) {
        try {
            replies.giveUp(why);
            Defects.log("a request cannot be answered, so its connection ends", why);
        } finally {
            job.leave();
        }
    }

    /** Adds the last reply to the request that the reading thread owns. */
    void reply(Reply last) {
        here = null;
        replies.add(last);
    }

    /** Sends the last reply to the request that the reading thread owns. */
    void replyNow(Reply last) {
        here = null;
        replies.sendNow(last);
    }

    /** Ends a request whose whole reply the reading thread has sent. */
    void leave(Job job) {
        here = null;
        job.leave();
    }

    /** Notes that the reading thread no longer owns the request. */
    void handedOver() {
        here = null;
    }

    /**
     * Begins the request's change of the file. For the reading thread, once the whole request has been received.
     *
     * @throws EOFException if the client is gone and another one has come: the change must not be made
     */
    void begin(Job job) throws IOException {
        job.changes(gate, gate.begin(peerIsGone));
        Inject.at(Point.CHANGE_BEGUN);
    }

    /**
     * Returns this connection's queue for asynchronous reads. It has its own thread, which sends the replies to
     * completed reads, so a client that does not read its replies delays no other connection. For the reading thread.
     */
    ReadQueue reads() {
        ReadQueue queue = reads;
        if (queue == null) {
            try {
                queue = file.openReads(Thread.currentThread().getName(), replies::flush);
            } catch (HoldfastException e) {
                return ReadQueue.NONE;
            }
            reads = queue;
        }
        return queue;
    }

    /**
     * Keeps the memory of a read that failed while it was being started, until no read is under way. The connection ends
     * then.
     */
    void keepForDevice(Job job) {
        job.losesMemory(orphans);
    }

    /** Ends the threads and gives back all memory. No request may be in flight. */
    void close() {
        try {
            ReadQueue queue = reads;
            if (queue != null) {
                queue.close();
            }
        } finally {
            workers.close();
            memory.close();
        }
        Job orphan = orphans.get();
        if (orphan != null) {
            // The read may have failed on the device as well, and then a worker reads again into this memory.
            workers.awaitEnd();
            orphan.releaseLost();
        }
    }

    /**
     * Runs work that may block. It runs on this thread if the client waits for the reply before it sends more: that
     * saves two wake-ups, which at queue depth 1 nothing hides. Otherwise it runs on a worker. For the reading thread.
     */
    void start(Job job, Work work) {
        if (!ranHere(job, work)) {
            startElsewhere(job, work);
        }
    }

    /** Runs the work on this thread if the client waits for the reply before it sends more; else returns false. */
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

    /** Gives a request to a worker, which runs this and sees to the reply. For the reading thread. */
    void giveToWorker(Runnable work) {
        workers.run(work);
        handedOver();
    }

    /**
     * Runs work on a worker, for a thread that must not block and found that the work would. If this throws, the work was
     * not run.
     */
    void handOn(Job job, Work work) {
        workers.run(() -> finish(job, work));
    }

    /** Runs the work and sends the reply, on the thread that owns the job. Does not throw. */
    void finish(Job job, Work work) {
        Reply reply;
        try {
            if (Inject.fails(Point.ALLOCATE_WORK)) {
                throw new OutOfMemoryError("injected");
            }
            reply = attempt(job, work);
        } catch (RuntimeException | Error e) {
            if (!Inject.off(Guard.SESSION_ERROR_ENDS)) {
                giveUp(job, e);
            }
            return;
        }
        Inject.at(Point.REQUEST_DONE);
        replies.send(reply);
    }

    /** Returns whether the client has sent only this request, and usually waits for each reply. */
    boolean isSerial() {
        return input.available() == 0 && inFlight.isSerial();
    }

    /**
     * Runs the work and turns an exception into the reply that reports it. An error, such as OutOfMemoryError, goes to the
     * caller and ends the connection: it says nothing about this request alone, and the connection's memory comes free.
     */
    Reply attempt(Job job, Work work) {
        try {
            return work.run();
        } catch (HoldfastException e) {
            return failure(job, NbdError.of(e), text(e));
        } catch (RuntimeException e) {
            Defects.log("a request failed in an unexpected way: " + job.request(), e);
            return failure(job, NbdError.EIO, "internal error of the server: " + e);
        }
    }

    /** Returns the reply to a write that has succeeded. */
    Reply written(Job job) {
        job.changed();
        meter.bytesWritten.add(job.request().length());
        return new Reply.Done(job);
    }

    Reply failure(Job job, NbdError error, String message) {
        job.changed();
        meter.errors.increment();
        return new Reply.Failure(job, error, message);
    }

    static String text(HoldfastException e) {
        return String.valueOf(e.getMessage());
    }

    /** The work of a command; its result is the final reply. */
    interface Work {
        Reply run() throws HoldfastException;
    }
}
