package io.holdfast.concurrent;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Time for background work and reports; the simulator has its own. */
public interface Timing {
    /** The machine's time. */
    Timing SYSTEM = new Timing() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        // The loop is in the caller.
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
     * @param lock the lock of {@code condition}, held by the caller
     */
    void await(ReentrantLock lock, Condition condition, long nanos) throws InterruptedException;
}
