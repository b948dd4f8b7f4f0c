package io.holdfast.cli.log;

import java.lang.System.Logger.Level;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Where all log lines of the process go: to standard error at once, or, while a server runs, through {@link ServerLog}.
 *
 * <p>Invariants: {@link #write} never throws, whatever is short, and never waits for a reader of standard error while a
 * server runs. No line is longer than {@link LogText#LENGTH_MAX}, but for stack traces, which only {@code
 * HOLDFAST_DEBUG} brings.
 */
public final class Log {
    private static final boolean DEBUG =
            !System.getenv().getOrDefault("HOLDFAST_DEBUG", "").isEmpty();
    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final RateLimit COMMAND_LIMIT = new RateLimit();
    private static volatile @Nullable ServerLog server;

    private Log() {}

    static boolean debug() {
        return DEBUG;
    }

    /** Sends everything to this log from now on; null for back to standard error. */
    static void server(@Nullable ServerLog log) {
        server = log;
    }

    static void write(Level level, String kind, String text, @Nullable Throwable thrown) {
        try {
            String message = LogText.message(text, thrown);
            if (DEBUG && thrown != null) {
                message += System.lineSeparator() + LogText.stack(thrown);
            }
            ServerLog log = server;
            if (log == null) {
                writeNow(kind, message);
            } else {
                log.add(level, kind, message);
            }
        } catch (RuntimeException | Error _) {
            // Want of memory or of a descriptor, most likely. A line less is better than a thread less.
        }
    }

    private static void writeNow(String kind, String message) {
        boolean shown;
        LOCK.lock();
        try {
            shown = COMMAND_LIMIT.admit(kind, message, System.nanoTime());
        } finally {
            LOCK.unlock();
        }
        if (shown) {
            System.err.println(LogText.plain(message));
        }
    }
}
