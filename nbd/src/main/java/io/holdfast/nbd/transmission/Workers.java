package io.holdfast.nbd.transmission;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The threads of one connection that run what has to wait: for the device, or for others. Platform threads, because what
 * they wait for are system calls: a virtual thread would hand each of them to a platform thread and be handed back.
 *
 * <p>Invariant: the queue is bounded by {@link InFlight}. Each connection has its own, so that one whose requests are slow
 * does not delay another one's. Threads that have nothing to do end.
 */
final class Workers {
    /** As many I/Os as a device profits from at a time. */
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

    /** Has a task run by a thread; by this one, if the system has no more of them. If this throws, it was not run. */
    void run(Runnable task) {
        Once once = new Once(task);
        try {
            pool.execute(once);
        } catch (RuntimeException | Error e) {
            // The pool may have queued it all the same.
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

    /** Ends the threads once everything that was given to them is done. */
    void close() {
        pool.shutdown();
    }
}
