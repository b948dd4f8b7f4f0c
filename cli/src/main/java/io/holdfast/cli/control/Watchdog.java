package io.holdfast.cli.control;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Closes connections whose peer stalls in the middle of something. */
final class Watchdog implements AutoCloseable {
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("control-watchdog").daemon().factory());

    Watchdog() {
        timer.setRemoveOnCancelPolicy(true);
        // Start the timer's thread now. When the first connection comes the system may have no thread left.
        timer.prestartAllCoreThreads();
    }

    /** Closes {@code connection} after this time unless the returned future is cancelled. */
    Future<?> closeAfter(Duration time, Closeable connection) {
        return timer.schedule(() -> close(connection), time.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static void close(Closeable connection) {
        try {
            connection.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
