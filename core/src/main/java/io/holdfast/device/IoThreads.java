package io.holdfast.device;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Runs the system calls of file I/O. A platform thread makes its call itself. A virtual thread would pin its carrier
 * until the device answers, so one of a bounded set of platform threads makes the call for it.
 *
 * <p>Invariant: the queue has at most one task for each virtual thread that waits. The platform threads end when idle.
 * All devices of the process share them, so there is nothing to shut down.
 */
final class IoThreads extends AbstractExecutorService {
    private static final int THREADS_MAX = 32;
    private static final long IDLE_SECONDS_MAX = 10;

    static final IoThreads SHARED = new IoThreads();

    private final ThreadPoolExecutor pool;

    private IoThreads() {
        pool = new ThreadPoolExecutor(
                THREADS_MAX,
                THREADS_MAX,
                IDLE_SECONDS_MAX,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("holdfast-io-", 1).factory());
        pool.allowCoreThreadTimeOut(true);
    }

    @Override
    public void execute(Runnable command) {
        if (Thread.currentThread().isVirtual()) {
            pool.execute(command);
        } else {
            command.run();
        }
    }

    @Override
    public void shutdown() {
        throw new UnsupportedOperationException("shared by all devices");
    }

    @Override
    public List<Runnable> shutdownNow() {
        throw new UnsupportedOperationException("shared by all devices");
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }
}
