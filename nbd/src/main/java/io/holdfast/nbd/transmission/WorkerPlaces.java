package io.holdfast.nbd.transmission;

import java.util.concurrent.Semaphore;

/**
 * How many threads all connections of a server may have for work that blocks: a few each in any case, and the others from
 * a common number. So one connection alone gets as many as a device profits from, and sixteen busy ones do not have five
 * hundred, each with a stack of some 90 KiB. Thread-safe.
 */
public final class WorkerPlaces {
    /** Threads of a connection that need no place. */
    static final int OWN = 4;

    private static final int COMMON = 64;

    private final Semaphore common;

    public WorkerPlaces() {
        this(COMMON);
    }

    WorkerPlaces(int common) {
        this.common = new Semaphore(common);
    }

    /** Takes a place for one more thread of a connection that has so many; returns whether there is one. */
    boolean tryTake(int threads) {
        return threads < OWN || common.tryAcquire();
    }

    /** Gives back the place of one thread of a connection that has so many. */
    void giveBack(int threads) {
        if (threads > OWN) {
            common.release();
        }
    }
}
