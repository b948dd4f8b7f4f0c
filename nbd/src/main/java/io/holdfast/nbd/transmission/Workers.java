package io.holdfast.nbd.transmission;

import io.holdfast.door.InFlight;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The threads of one connection for work that blocks, on the device or on other threads. They are platform threads
 * because they block in system calls: a virtual thread would hand each call to a platform thread and wait for it.
 *
 * <p>Invariant: {@link InFlight} bounds the queue. Each connection has its own workers, so slow requests of one do not
 * delay another. Idle threads end.
 */
final class Workers {
    /** A device profits from about this many I/Os at a time. */
    private static final int THREADS_MAX = 32;

    private static final long IDLE_SECONDS_MAX = 5;

    private final ThreadPoolExecutor pool;

    Workers(int requestsMax) {
        this(requestsMax, Thread.ofPlatform().daemon().name("nbd-worker-", 1).factory());
    }

    Workers(int requestsMax, ThreadFactory factory) {
        int threads = Math.min(requestsMax, THREADS_MAX);
        pool = new ThreadPoolExecutor(
                threads, threads, IDLE_SECONDS_MAX, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
        pool.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs a task on a worker, or on the calling thread if the system has no thread left. If this throws, the task was
     * not run.
     */
    void run(Runnable task) {
        Once once = new Once(task);
        try {
            pool.execute(once);
        } catch (RuntimeException | Error e) {
            // The pool may have queued the task before it threw; it must still run only once.
            once.run();
        }
    }

    private static final class Once implements Runnable {
        private final Runnable task;
        private final AtomicBoolean begun = new AtomicBoolean();

        Once(Runnable task) {
            this.task = task;
        }

        @Override
        public void run() {
            if (begun.compareAndSet(false, true)) {
                task.run();
            }
        }
    }

    /** Ends the threads once all their tasks are done; does not wait for that. */
    void close() {
        pool.shutdown();
    }

    /** Waits, after {@link #close}, until all tasks are done. */
    void awaitEnd() {
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = pool.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
