package io.holdfast.nbd.transmission;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * Lets workers do tasks of one kind, a few workers at a time and in the order in which they came. A worker that is through
 * takes what waits next itself, several tasks at once: no other thread is woken for them.
 *
 * <p>Invariants: {@code running} workers are in {@link #drain}, at most {@code runningMax}; tasks wait only while it is
 * as many. A task may wait for others that run, never for one that has not begun. What waits is bounded by {@link
 * InFlight}. A task that was taken is done or lost: whatever is thrown, none stays.
 */
final class Lanes<T> {
    private final Workers workers;
    private final int runningMax;
    private final ToIntFunction<T> weight;
    private final int weightMax;
    private final Consumer<List<T>> work;
    private final ReentrantLock lock = new ReentrantLock();
    private final BiConsumer<T, Throwable> lost;
    /** Of a kind that is whole after want of memory. */
    private final ConcurrentLinkedQueue<T> waiting = new ConcurrentLinkedQueue<>();

    private int running;

    /**
     * @param weightMax tasks that weigh more together are not done at once
     * @param work does one or more tasks
     * @param lost is told of each task of which the work did not come to an end, and why; does not throw
     */
    Lanes(
            Workers workers,
            int runningMax,
            ToIntFunction<T> weight,
            int weightMax,
            Consumer<List<T>> work,
            BiConsumer<T, Throwable> lost) {
        this.workers = workers;
        this.runningMax = runningMax;
        this.weight = weight;
        this.weightMax = weightMax;
        this.work = work;
        this.lost = lost;
    }

    /** Takes a task. If this throws, it was not taken. One thread brings them. */
    void run(T task) {
        List<T> first = List.of(task);
        Runnable worker = () -> drain(first);
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
        boolean begun = false;
        try {
            workers.run(worker);
            begun = true;
        } finally {
            if (!begun) {
                oneLess();
            }
        }
    }

    private void oneLess() {
        lock.lock();
        try {
            running--;
        } finally {
            lock.unlock();
        }
    }

    private void drain(List<T> first) {
        List<T> tasks = first;
        while (!tasks.isEmpty()) {
            try {
                work.accept(tasks);
            } catch (RuntimeException | Error e) {
                lose(tasks, e);
            }
            tasks = next();
        }
    }

    private void lose(List<T> tasks, Throwable why) {
        for (int i = 0; i < tasks.size(); i++) {
            lost.accept(tasks.get(i), why);
        }
    }

    /** Returns what is done next; empty, and then one worker less is running, if nothing waits. */
    private List<T> next() {
        List<T> tasks = List.of();
        lock.lock();
        try {
            tasks = new ArrayList<>();
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
        } catch (RuntimeException | Error e) {
            // Want of memory: nobody would do what waits, or what is in the list already.
            lose(tasks, e);
            for (T task = waiting.poll(); task != null; task = waiting.poll()) {
                lost.accept(task, e);
            }
            running--;
            return List.of();
        } finally {
            lock.unlock();
        }
    }
}
