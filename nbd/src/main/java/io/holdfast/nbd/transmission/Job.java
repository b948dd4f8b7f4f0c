package io.holdfast.nbd.transmission;

import io.holdfast.nbd.protocol.Request;

/** A request that is in flight. */
record Job(Request request, InFlight inFlight, int bytes) {
    /** Gives up the request's place; called once, when its last reply has been sent or can no longer be. */
    void leave() {
        inFlight.leave(bytes);
    }
}
