package io.holdfast.nbd.transmission;

import io.holdfast.nbd.protocol.Request;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A request that is in flight. One thread at a time has it; only {@link #leave} may come from two, where something
 * unexpected was thrown.
 */
final class Job {
    private final Request request;
    private final InFlight inFlight;
    private final int bytes;
    private final AtomicBoolean left = new AtomicBoolean();
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

    /** Gives up the request's place, when its last reply has been sent or can no longer be. Twice is harmless. */
    void leave() {
        if (left.compareAndSet(false, true)) {
            changed();
            inFlight.leave(bytes);
        }
    }
}
