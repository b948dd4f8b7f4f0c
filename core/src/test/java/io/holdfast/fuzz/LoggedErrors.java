package io.holdfast.fuzz;

import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What code reports to a log as an error of its own, since it catches what its threads throw. Nothing of that logger is
 * printed any more.
 */
public final class LoggedErrors extends Handler {
    private final AtomicReference<@Nullable LogRecord> first = new AtomicReference<>();
    /** Held, since the log's manager holds it weakly. */
    private final Logger logger;

    public LoggedErrors(String name) {
        logger = Logger.getLogger(name);
        logger.setUseParentHandlers(false);
        logger.addHandler(this);
    }

    /** Throws if an error was logged since the last call. */
    public void rethrow() {
        LogRecord found = first.getAndSet(null);
        if (found != null) {
            throw new AssertionError("logged as an error: " + found.getMessage(), found.getThrown());
        }
    }

    @Override
    public void publish(LogRecord log) {
        if (log.getLevel().intValue() >= Level.SEVERE.intValue()) {
            first.compareAndSet(null, log);
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
