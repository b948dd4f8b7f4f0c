package io.holdfast.background;

import io.holdfast.concurrent.Timing;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Time that jumps on when one thread waits, at first that which makes this; other threads wait in real time, which passes for nobody. */
public final class JumpingTime implements Timing {
    private volatile Thread jumping = Thread.currentThread();
    private final AtomicLong now = new AtomicLong(1_000_000_000);
    private final List<Runnable> waits = new ArrayList<>();

    /** Makes this thread the one for which time jumps. */
    public void jumpInThisThread() {
        jumping = Thread.currentThread();
    }

    /** Runs something in the next wait of that thread, with the lock held that it waits with. */
    public void whileWaiting(Runnable action) {
        waits.add(action);
    }

    /** Takes back what was to run in waits. */
    public void forget() {
        waits.clear();
    }

    /** Lets time pass. */
    public void pass(long nanos) {
        now.addAndGet(nanos);
    }

    @Override
    public long nanoTime() {
        return now.get();
    }

    @Override
    public void await(ReentrantLock lock, Condition condition, long nanos) throws InterruptedException {
        if (Thread.currentThread().equals(jumping)) {
            now.addAndGet(nanos);
            if (!waits.isEmpty()) {
                waits.removeFirst().run();
            }
        } else {
            SYSTEM.await(lock, condition, nanos);
        }
    }
}
