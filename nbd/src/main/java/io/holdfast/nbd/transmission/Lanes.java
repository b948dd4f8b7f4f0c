package io.holdfast.nbd.transmission;

import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Lets workers run tasks of one kind, a few at a time and in the order in which they came. A worker that has ended one
 * takes the next itself: no other thread is woken for it.
 *
 * <p>Invariants: {@code running} workers are in {@link #drain}, at most {@code runningMax}; tasks wait only while it is
 * as many. A task may wait for others that run, never for one that has not begun. What waits is bounded by {@link
 * InFlight}.
 */
final class Lanes {
    private final Workers workers;
    private final int runningMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private int running;

    Lanes(Workers workers, int runningMax) {
        this.workers = workers;
        this.runningMax = runningMax;
    }

    void run(Runnable task) {
        lock.lock();
        try {
            if (running == runningMax) {
                waiting.add(task);
                return;
            }
            running++;
        } finally {
            lock.unlock();
        }
        workers.run(() -> drain(task));
    }

    private void drain(Runnable first) {
        Runnable task = first;
        try {
            while (task != null) {
                task.run();
                task = next();
            }
        } finally {
            if (task != null) {
                goOnElsewhere();
            }
        }
    }

    /** The task has thrown, which ends this worker: the tasks behind it must not stay. */
    private void goOnElsewhere() {
        Runnable task = next();
        if (task != null) {
            workers.run(() -> drain(task));
        }
    }

    /** Returns the next task, or null, and then one worker less is running. */
    private @Nullable Runnable next() {
        lock.lock();
        try {
            Runnable task = waiting.poll();
            if (task == null) {
                running--;
            }
            return task;
        } finally {
            lock.unlock();
        }
    }
}
