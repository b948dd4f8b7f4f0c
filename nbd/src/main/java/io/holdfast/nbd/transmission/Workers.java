package io.holdfast.nbd.transmission;

import io.holdfast.concurrent.Threads;
import io.holdfast.concurrent.Timing;
import io.holdfast.door.InFlight;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The threads of one connection for work that blocks, on the device or on other threads. Those of a server are platform
 * threads because they block in system calls: a virtual thread would hand each call to a platform thread and wait for it.
 *
 * <p>Invariants: {@code queued} tasks are in {@code tasks}; {@code threads} threads have not ended, and {@code idle} of
 * them wait for a task. A task waits only while no thread is idle and there are as many threads as there may be.
 * {@link InFlight} bounds the queue. Each thread has a place ({@link WorkerPlaces}). Each connection has its own workers, so slow requests of one do not delay another.
 * Idle threads end.
 */
final class Workers {
    /** A device profits from about this many I/Os at a time. */
    private static final int THREADS_MAX = 32;

    private static final long IDLE_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);

    private final int threadsMax;
    private final WorkerPlaces places;
    private final Timing timing;
    private final Starter starter;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wanted = lock.newCondition();
    private final Condition ended = lock.newCondition();
    /** A linked queue stays consistent when an allocation fails. */
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();

    private int queued;
    private int threads;
    private int idle;
    private long started;
    private boolean closed;

    /** Starts threads. */
    interface Starter {
        /**
         * Starts one.
         *
         * @throws OutOfMemoryError if the system has no thread to give
         */
        Thread start(String name, Runnable task);
    }

    Workers(int requestsMax, WorkerPlaces places, Timing timing) {
        this(requestsMax, places, timing, Threads::start);
    }

    Workers(int requestsMax, WorkerPlaces places, Timing timing, Starter starter) {
        this.places = places;
        this.threadsMax = Math.min(requestsMax, THREADS_MAX);
        this.timing = timing;
        this.starter = starter;
    }

    /**
     * Runs a task on a worker, or on the calling thread if the system has no thread left. If this throws, the task was
     * not run, or it threw on this thread.
     */
    void run(Runnable task) {
        if (!handOver(task)) {
            task.run();
        }
    }

    /** Gives the task to a worker; returns false if there is no memory or no thread for that. */
    private boolean handOver(Runnable task) {
        lock.lock();
        try {
            if (queued >= idle && threads < threadsMax && places.tryTake(threads)) {
                return startThread(task);
            }
            tasks.add(task);
            queued++;
            wanted.signal();
            return true;
        } catch (RuntimeException | Error e) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    private boolean startThread(Runnable first) {
        boolean begun = false;
        threads++;
        try {
            var ignored = starter.start("nbd-worker-" + ++started, () -> work(first));
            begun = true;
        } finally {
            if (!begun) {
                leave();
            }
        }
        return true;
    }

    private void work(Runnable first) {
        try {
            for (Runnable task = first; task != null; task = next()) {
                run(task, "a task failed in an unexpected way");
            }
        } finally {
            lock.lock();
            try {
                leave();
                if (threads == 0) {
                    ended.signalAll();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** Counts a thread no more; called under the lock. */
    private void leave() {
        places.giveBack(threads);
        threads--;
    }

    /** Runs a task; an exception, which it should not throw, must not take the thread from the tasks that wait. */
    private static void run(Runnable task, String complaint) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            Defects.log(complaint, e);
        }
    }

    /** Waits for a task; null if the thread is to end. */
    private @Nullable Runnable next() {
        lock.lock();
        try {
            awaitTask();
            if (queued == 0) {
                return null;
            }
            queued--;
            return tasks.poll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there is a task, or none for so long that the thread is not needed. */
    private void awaitTask() {
        idle++;
        try {
            long end = timing.nanoTime() + IDLE_NANOS_MAX;
            for (long rest = IDLE_NANOS_MAX; queued == 0 && !closed && rest > 0; rest = end - timing.nanoTime()) {
                timing.await(lock, wanted, rest);
            }
        } catch (InterruptedException | OutOfMemoryError e) {
            // Take the task that may have come, or end.
        } finally {
            idle--;
        }
    }

    /** Ends the threads once all their tasks are done; does not wait for that. */
    void close() {
        lock.lock();
        try {
            closed = true;
            wanted.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits, after {@link #close}, until all tasks are done. */
    void awaitEnd() {
        lock.lock();
        try {
            while (threads > 0) {
                ended.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }
}
