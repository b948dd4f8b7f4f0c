package io.holdfast.file;

import io.holdfast.concurrent.Timing;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Counts dirty pages and bounds them. From three quarters of the limit on the threads of the background write back, one more
 * with each further 32nd. At seven eighths writers wait for them. What is left above is for writers that have waited for long: a
 * device that does nothing for a moment keeps nobody for longer than that. Thread-safe.
 */
final class DirtyLimit {
    private static final int PARTS = 32;
    /** From so many parts on the first thread of the background works. */
    private static final int WORTH_WRITING = 24;
    /** From so many parts on writers wait. */
    private static final int WRITERS_WAIT = 28;

    private final long max;
    private final AtomicLong dirty = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition less = lock.newCondition();
    private final AtomicInteger waiting = new AtomicInteger();

    /** @param max in pages */
    DirtyLimit(long max) {
        this.max = max;
    }

    /** Counts pages that have become dirty. */
    void add(long pages) {
        dirty.addAndGet(pages);
    }

    /** Counts pages that are dirty no more, and lets writers go on. */
    void remove(long pages) {
        if (dirty.addAndGet(-pages) * PARTS > max * WRITERS_WAIT || waiting.get() == 0) {
            return;
        }
        lock.lock();
        try {
            less.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many pages are dirty. */
    long pages() {
        return dirty.get();
    }

    /** Returns how many there may be. */
    long max() {
        return max;
    }

    /**
     * Returns whether so much is dirty that a thread of the background should write. A burst that fits below has the processors
     * for itself.
     *
     * @param thread 0 for the first
     */
    boolean isWorthWriting(int thread) {
        return dirty.get() * PARTS > (WORTH_WRITING + (long) thread) * max;
    }

    /** Returns whether so much is dirty that a writer must wait. */
    boolean makesWait() {
        return dirty.get() * PARTS > max * WRITERS_WAIT;
    }

    /** Returns whether not even one who has waited for long may go on. */
    boolean isReached() {
        return dirty.get() > max;
    }

    /** Waits until less is dirty, or for about so long. */
    // The loop is in the caller.
    @SuppressWarnings("WaitNotInLoop")
    void awaitLess(Timing timing, long nanos) throws InterruptedException {
        lock.lock();
        try {
            waiting.incrementAndGet();
            if (makesWait()) {
                timing.await(lock, less, nanos);
            }
        } finally {
            waiting.decrementAndGet();
            lock.unlock();
        }
    }
}
