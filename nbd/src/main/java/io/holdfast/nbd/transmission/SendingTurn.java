package io.holdfast.nbd.transmission;

import io.holdfast.concurrent.Timing;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The right to write to the socket, which one thread has at a time. It is a lock that a thread can wait for by {@link Timing}.
 *
 * <p>Invariant: a thread that waits for a time sets {@code awaited} before it looks whether the turn is free. The thread
 * that gives the turn back looks at {@code awaited} afterwards. So one of the two sees the other.
 */
final class SendingTurn {
    private final Timing timing;
    private final ReentrantLock turn = new ReentrantLock();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition givenBack = lock.newCondition();
    private volatile boolean awaited;

    SendingTurn(Timing timing) {
        this.timing = timing;
    }

    boolean tryTake() {
        return turn.tryLock();
    }

    void take() {
        turn.lock();
    }

    /** Waits up to {@code nanos} for the turn and returns whether this thread has it. One thread at a time calls this. */
    boolean tryTake(long nanos) throws InterruptedException {
        if (turn.tryLock()) {
            return true;
        }
        lock.lock();
        awaited = true;
        try {
            long end = timing.nanoTime() + nanos;
            boolean taken = turn.tryLock();
            for (long rest = nanos; !taken && rest > 0; rest = end - timing.nanoTime()) {
                timing.await(lock, givenBack, rest);
                taken = turn.tryLock();
            }
            return taken;
        } finally {
            awaited = false;
            lock.unlock();
        }
    }

    void giveBack() {
        turn.unlock();
        if (awaited) {
            lock.lock();
            try {
                givenBack.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    boolean isTaken() {
        return turn.isLocked();
    }
}
