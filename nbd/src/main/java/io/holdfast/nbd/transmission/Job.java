package io.holdfast.nbd.transmission;

import io.holdfast.door.ChangeGate;
import io.holdfast.door.InFlight;
import io.holdfast.door.Lease;
import io.holdfast.nbd.protocol.Request;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A request that is in flight, with its place and its memory.
 *
 * <p>Invariants: one thread at a time owns it, and makes sure that it {@linkplain #leave leaves}, whatever is thrown.
 * Its memory is released at that time at the latest.
 */
final class Job {
    private final Request request;
    private final InFlight inFlight;
    private final int bytes;
    private final Waited waited;
    private final long begun;
    private final AtomicBoolean left = new AtomicBoolean();
    private @Nullable Lease lease;
    private @Nullable Lease lost;
    private @Nullable Job before;
    private @Nullable ChangeGate gate;
    private ChangeGate.@Nullable Period period;

    /** Hears how long requests were in flight. */
    interface Waited {
        void ended(Request request, long nanos);
    }

    Job(Request request, InFlight inFlight, int bytes, Waited waited) {
        this.waited = waited;
        this.begun = inFlight.nanoTime();
        this.request = request;
        this.inFlight = inFlight;
        this.bytes = bytes;
    }

    Request request() {
        return request;
    }

    /** Gives this memory to the request. */
    void holds(Lease memory) {
        lease = memory;
    }

    /**
     * Takes the memory from the request, because the device may still write to it. {@link #leave} then does not release
     * it; {@link #releaseLost} does. Allocates nothing: memory may be short.
     *
     * @param all the requests to which this happened, linked
     */
    void losesMemory(AtomicReference<@Nullable Job> all) {
        lost = lease;
        lease = null;
        before = all.getAndSet(this);
    }

    /** Gives back the lost memory of this request and those before it. */
    void releaseLost() {
        for (Job job = this; job != null; job = job.before) {
            Lease memory = job.lost;
            if (memory != null) {
                memory.release();
            }
        }
    }

    /** Counts the request as a running change, until {@link #changed} or {@link #leave}. */
    void changes(ChangeGate at, ChangeGate.Period in) {
        gate = at;
        period = in;
    }

    /** Ends its change: it has been made, or will not be. Calling this twice is harmless. */
    void changed() {
        if (gate != null && period != null) {
            gate.end(period);
            period = null;
        }
    }

    boolean hasLeft() {
        return left.get();
    }

    /**
     * Gives back the request's place, once its last reply has been sent or can no longer be sent. Calling this twice is
     * harmless.
     */
    void leave() {
        if (left.compareAndSet(false, true)) {
            try {
                changed();
            } finally {
                leaveWithoutMemory();
            }
        }
    }

    private void leavePlace() {
        try {
            waited.ended(request, inFlight.nanoTime() - begun);
        } finally {
            inFlight.leave(bytes);
        }
    }

    private void leaveWithoutMemory() {
        try {
            Lease memory = lease;
            if (memory != null) {
                memory.release();
            }
        } finally {
            leavePlace();
        }
    }
}
