package io.holdfast.nbd.transmission;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One connection's requests between being parsed and having their reply sent.
 *
 * <p>Invariants: at most {@code requestsMax} requests and {@code bytesMax} bytes are inside, except that one request
 * alone may be larger; the reading thread waits to enter, so a client with too much in flight is simply not read from.
 */
final class InFlight {
    private final int requestsMax;
    private final long bytesMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private int requests;
    private long bytes;

    InFlight(int requestsMax, long bytesMax) {
        this.requestsMax = requestsMax;
        this.bytesMax = bytesMax;
    }

    /** Enters if there is room. */
    boolean tryEnter(long added) {
        lock.lock();
        try {
            if (!hasRoom(added)) {
                return false;
            }
            requests++;
            bytes += added;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for room and enters. */
    void enter(long added) {
        lock.lock();
        try {
            while (!hasRoom(added)) {
                changed.awaitUninterruptibly();
            }
            requests++;
            bytes += added;
        } finally {
            lock.unlock();
        }
    }

    void leave(long removed) {
        lock.lock();
        try {
            requests--;
            bytes -= removed;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until nothing is in flight. */
    void awaitIdle() {
        lock.lock();
        try {
            while (requests > 0) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until nothing is in flight, but not longer than {@code nanos}; returns whether it is so. */
    boolean awaitIdle(long nanos) throws InterruptedException {
        lock.lock();
        try {
            long rest = nanos;
            while (requests > 0 && rest > 0) {
                rest = changed.awaitNanos(rest);
            }
            return requests == 0;
        } finally {
            lock.unlock();
        }
    }

    private boolean hasRoom(long added) {
        return requests == 0 || (requests < requestsMax && bytes + added <= bytesMax);
    }
}
