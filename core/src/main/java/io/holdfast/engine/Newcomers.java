package io.holdfast.engine;

import io.holdfast.concurrent.Timing;
import io.holdfast.error.HoldfastException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Keeps new calls of a volume out while somebody waits for the end of those that run, and lets them in again if that wait is given up. A lock alone cannot do that: whoever gives
 * up and tries again finds new calls in it each time.
 */
final class Newcomers {
    /** How often it is looked whether the wait may go on. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Timing timing;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition passage = lock.newCondition();
    private final Condition less = lock.newCondition();
    /** How many threads keep others out; changes under {@code lock}. */
    private volatile int keepers;

    Newcomers(Timing timing) {
        this.timing = timing;
    }

    /** Returns whether a new call is to {@link #awaitPassage}, and whether one that ends is to tell {@link #oneLess}. */
    boolean areKeptOut() {
        return keepers > 0;
    }

    void awaitPassage() {
        lock.lock();
        try {
            while (keepers > 0) {
                passage.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Notes that a call has ended. */
    void oneLess() {
        lock.lock();
        try {
            less.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Keeps new calls out until none runs.
     *
     * @param alone whether none runs; what it has taken then keeps the others out
     * @param mayWait throws if the wait is to be given up; it then ends with this error
     */
    void keepOutUntil(BooleanSupplier alone, VolumeLife.Action mayWait) throws HoldfastException {
        boolean interrupted = false;
        lock.lock();
        try {
            change(1);
            while (!alone.getAsBoolean()) {
                mayWait.run();
                try {
                    timing.await(lock, less, LOOK_NANOS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            change(-1);
            passage.signalAll();
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // Under the lock.
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void change(int by) {
        keepers += by;
    }
}
