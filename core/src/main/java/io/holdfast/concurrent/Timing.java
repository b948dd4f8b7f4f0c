package io.holdfast.concurrent;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The passing of time for background work and reports; the simulator has its own. */
public interface Timing {
    /** Time as the machine counts it. */
    Timing SYSTEM = new Timing() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        // The caller has the loop.
        @Override
        @SuppressWarnings("WaitNotInLoop")
        public void await(ReentrantLock lock, Condition condition, long nanos) throws InterruptedException {
            condition.awaitNanos(nanos);
        }
    };

    /** Returns nanoseconds since an arbitrary moment; only differences mean something. */
    long nanoTime();

    /**
     * Waits for a signal, for about so many nanoseconds at most; may return early.
     *
     * @param lock held by the caller, and what {@code condition} belongs to
     */
    void await(ReentrantLock lock, Condition condition, long nanos) throws InterruptedException;
}
