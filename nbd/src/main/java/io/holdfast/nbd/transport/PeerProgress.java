package io.holdfast.nbd.transport;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What the server waits for at one peer, and whether it moves: room for bytes that it sends, and the rest of a payload of which
 * the peer has announced the length. {@link StallWatch} looks at it from time to time. No clock is read here, and the
 * counters need no lock.
 *
 * <p>Invariants: a counter is odd while a thread waits, and rises whenever something moves. At most one thread sends and at
 * most one receives at a time, so each counter has one writer at a time. A peer that owes nothing leaves both even.
 */
public final class PeerProgress {
    private final AtomicLong sending = new AtomicLong();
    private final AtomicLong receiving = new AtomicLong();

    /** The server is about to send. */
    void beginSending() {
        sending.lazySet(sending.getPlain() + 1);
    }

    /** The peer has taken what was sent, or never will. */
    void endSending() {
        sending.lazySet(sending.getPlain() + 1);
    }

    /** The server is about to wait for a part of a payload. */
    void beginReceiving() {
        receiving.lazySet(receiving.getPlain() + 1);
    }

    /** A part of the payload has come, and the server waits for more. */
    void received() {
        receiving.lazySet(receiving.getPlain() + 2);
    }

    /** The payload has come, or never will. */
    void endReceiving() {
        receiving.lazySet(receiving.getPlain() + 1);
    }

    /** Returns a number that is odd while the server sends, and another one after each piece. */
    long sending() {
        return sending.get();
    }

    /** Returns a number that is odd while the server waits for a payload, and another one after each part. */
    long receiving() {
        return receiving.get();
    }
}
