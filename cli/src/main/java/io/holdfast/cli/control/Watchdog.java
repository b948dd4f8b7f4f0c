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
        // Now, not with the first connection: then there may be no thread for it.
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
