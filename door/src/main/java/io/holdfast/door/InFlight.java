package io.holdfast.door;

import io.holdfast.concurrent.Timing;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One connection's requests between being parsed and having their reply sent.
 *
 * <p>Invariants: at most {@code requestsMax} requests and {@code bytesMax} bytes are inside, except that a single
 * request may be larger. The reading thread waits to enter, so the server simply stops reading from a client with too
 * much in flight.
 *
 * <p>This also remembers whether the client waits for each reply before it sends the next request, as a database does
 * when it commits. {@code serial} rises by one with each request that arrives when nothing is inside, and falls by more
 * with each other request.
 */
public final class InFlight {
    private static final int SERIAL_MAX = 32;
    private static final int OVERLAP_WEIGHT = 4;

    private final int requestsMax;
    private final long bytesMax;
    private final Timing timing;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private int requests;
    private long bytes;
    private int serial;

    public InFlight(int requestsMax, long bytesMax, Timing timing) {
        this.requestsMax = requestsMax;
        this.bytesMax = bytesMax;
        this.timing = timing;
    }

    /** Returns the time by the clock that this uses. */
    public long nanoTime() {
        return timing.nanoTime();
    }

    /** Enters if there is room. */
    public boolean tryEnter(long added) {
        lock.lock();
        try {
            if (!hasRoom(added)) {
                return false;
            }
            admit(added);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for room and enters. */
    public void enter(long added) {
        lock.lock();
        try {
            while (!hasRoom(added)) {
                changed.awaitUninterruptibly();
            }
            admit(added);
        } finally {
            lock.unlock();
        }
    }

    private void admit(long added) {
        serial = Math.clamp(serial + (requests == 0 ? 1 : -OVERLAP_WEIGHT), 0, SERIAL_MAX);
        requests++;
        bytes += added;
    }

    /** Returns whether exactly one request is inside and the client has been sending one at a time for a while. */
    public boolean isSerial() {
        lock.lock();
        try {
            return requests == 1 && serial >= SERIAL_MAX / 2;
        } finally {
            lock.unlock();
        }
    }

    public void leave(long removed) {
        lock.lock();
        try {
            requests--;
            bytes -= removed;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    public boolean isBusy() {
        lock.lock();
        try {
            return requests > 0;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until nothing is in flight. */
    public void awaitIdle() {
        lock.lock();
        try {
            while (requests > 0) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits up to {@code nanos} until nothing is in flight; returns whether that is so. */
    public boolean awaitIdle(long nanos) throws InterruptedException {
        lock.lock();
        try {
            long end = timing.nanoTime() + nanos;
            for (long rest = nanos; requests > 0 && rest > 0; rest = end - timing.nanoTime()) {
                timing.await(lock, changed, rest);
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
