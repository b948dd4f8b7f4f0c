package io.holdfast.nbd.transmission;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * Lets workers do tasks of one kind, a few workers at a time and in the order in which they came. A worker that is through
 * takes what waits next itself, several tasks at once: no other thread is woken for them.
 *
 * <p>Invariants: {@code running} workers are in {@link #drain}, at most {@code runningMax}; tasks wait only while it is
 * as many. A task may wait for others that run, never for one that has not begun. What waits is bounded by {@link
 * InFlight}.
 */
final class Lanes<T> {
    private final Workers workers;
    private final int runningMax;
    private final ToIntFunction<T> weight;
    private final int weightMax;
    private final Consumer<List<T>> work;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<T> waiting = new ArrayDeque<>();
    private int running;

    /**
     * @param weightMax tasks that weigh more together are not done at once
     * @param work does one or more tasks
     */
    Lanes(Workers workers, int runningMax, ToIntFunction<T> weight, int weightMax, Consumer<List<T>> work) {
        this.workers = workers;
        this.runningMax = runningMax;
        this.weight = weight;
        this.weightMax = weightMax;
        this.work = work;
    }

    void run(T task) {
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
        workers.run(() -> drain(List.of(task)));
    }

    private void drain(List<T> first) {
        List<T> tasks = first;
        try {
            while (!tasks.isEmpty()) {
                work.accept(tasks);
                tasks = next();
            }
        } finally {
            if (!tasks.isEmpty()) {
                goOnElsewhere();
            }
        }
    }

    /** Something was thrown, which ends this worker: the tasks behind it must not stay. */
    private void goOnElsewhere() {
        List<T> tasks = next();
        if (!tasks.isEmpty()) {
            workers.run(() -> drain(tasks));
        }
    }

    /** Returns what is done next; empty, and then one worker less is running, if nothing waits. */
    private List<T> next() {
        List<T> tasks = new ArrayList<>();
        lock.lock();
        try {
            long left = weightMax;
            for (T task = waiting.peek(); task != null; task = waiting.peek()) {
                left -= weight.applyAsInt(task);
                if (left < 0 && !tasks.isEmpty()) {
                    break;
                }
                tasks.add(task);
                waiting.remove();
            }
            if (tasks.isEmpty()) {
                running--;
            }
            return tasks;
        } finally {
            lock.unlock();
        }
    }
}
