package io.holdfast.nbd.transmission;

import io.holdfast.door.InFlight;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * Runs tasks of one kind on a few workers at a time, in the order in which the tasks came. A worker that has finished
 * takes the next waiting tasks itself, several at once, so no other thread has to be woken.
 *
 * <p>Invariants: {@code running} workers are in {@link #drain}, at most {@code runningMax}; tasks wait only while that
 * many run. A task may wait for running tasks, never for one that has not begun. {@link InFlight} bounds the number of
 * waiting tasks. Every accepted task is done or reported as lost, whatever is thrown.
 */
final class Lanes<T> {
    private final Workers workers;
    private final int runningMax;
    private final ToIntFunction<T> weight;
    private final int weightMax;
    private final Consumer<List<T>> work;
    private final ReentrantLock lock = new ReentrantLock();
    private final BiConsumer<T, Throwable> lost;
    /** A linked queue stays consistent when an allocation fails. */
    private final ConcurrentLinkedQueue<T> waiting = new ConcurrentLinkedQueue<>();

    private int running;

    /**
     * @param weightMax tasks that weigh more than this together are not done at once
     * @param work does one or more tasks
     * @param lost receives each task whose work failed, and why; must not throw
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

    /** Accepts a task; if this throws, it was not accepted. Called by one thread. */
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
            lose(tasks.get(i), why);
        }
    }

    /** Reports one task. Whatever is thrown, the next ones must be reported as well. */
    private void lose(T task, Throwable why) {
        try {
            lost.accept(task, why);
        } catch (RuntimeException | Error also) {
            Defects.log("giving up a task failed", also);
        }
    }

    /**
     * Returns the tasks to do next. If none waits, returns an empty list and counts this worker as no longer running.
     */
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
            // Out of memory. No worker would come back for the waiting tasks or for those in the list, so report them
            // all as lost.
            lose(tasks, e);
            for (T task = waiting.poll(); task != null; task = waiting.poll()) {
                lose(task, e);
            }
            running--;
            return List.of();
        } finally {
            lock.unlock();
        }
    }
}
