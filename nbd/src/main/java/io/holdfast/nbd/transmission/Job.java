package io.holdfast.nbd.transmission;

import io.holdfast.nbd.protocol.Request;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A request that is in flight, with its place and its memory.
 *
 * <p>Invariants: one thread at a time has it, and that one sees to it that it {@linkplain #leave leaves}, whatever is
 * thrown. Its memory is given back then at the latest.
 */
final class Job {
    private final Request request;
    private final InFlight inFlight;
    private final int bytes;
    private final AtomicBoolean left = new AtomicBoolean();
    private @Nullable Lease lease;
    private @Nullable ChangeGate gate;
    private ChangeGate.@Nullable Period period;

    Job(Request request, InFlight inFlight, int bytes) {
        this.request = request;
        this.inFlight = inFlight;
        this.bytes = bytes;
    }

    Request request() {
        return request;
    }

    /** The request has this memory. */
    void holds(Lease memory) {
        lease = memory;
    }

    /** Nobody knows who may still write to its memory: it is not lent again, unless somebody else gives it back. */
    void losesMemory() {
        lease = null;
    }

    /** From now on the request counts as a change that happens, until {@link #changed} or {@link #leave}. */
    void changes(ChangeGate at, ChangeGate.Period in) {
        gate = at;
        period = in;
    }

    /** Its change has happened, or will not. Twice is harmless. */
    void changed() {
        if (gate != null && period != null) {
            gate.end(period);
            period = null;
        }
    }

    boolean hasLeft() {
        return left.get();
    }

    /** Gives up the request's place, when its last reply has been sent or can no longer be. Twice is harmless. */
    void leave() {
        if (left.compareAndSet(false, true)) {
            try {
                changed();
                Lease memory = lease;
                if (memory != null) {
                    memory.release();
                }
            } finally {
                inFlight.leave(bytes);
            }
        }
    }
}
