package io.holdfast.cli.log;

import java.lang.System.Logger.Level;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Receives all log lines of the process. They go to standard error at once, or, while a server runs, through
 * {@link ServerLog}.
 *
 * <p>Invariants: {@link #write} never throws, even if memory or descriptors are short. While a server runs it never
 * waits for a reader of standard error. No line is longer than {@link LogText#LENGTH_MAX}, except stack traces, which
 * only {@code HOLDFAST_DEBUG} prints.
 */
public final class Log {
    private static final boolean DEBUG =
            !System.getenv().getOrDefault("HOLDFAST_DEBUG", "").isEmpty();
    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final RateLimit COMMAND_LIMIT = new RateLimit();
    private static volatile @Nullable ServerLog server;
    private static volatile Level least = DEBUG ? Level.DEBUG : Level.INFO;

    private Log() {}

    /** Returns the least severe level of which the program's own lines are shown. */
    static Level least() {
        return least;
    }

    /** Sets the least severe level of which lines are shown. {@code HOLDFAST_DEBUG} shows the program's own lines all the same. */
    public static void least(Level level) {
        least = DEBUG ? Level.DEBUG : level;
    }

    /** Sends all further lines to this log; null sends them to standard error again. */
    static void server(@Nullable ServerLog log) {
        server = log;
    }

    static void write(Level level, String subject, String kind, String text, @Nullable Throwable thrown) {
        try {
            String message = LogText.message(text, thrown);
            if (DEBUG && thrown != null) {
                message += System.lineSeparator() + LogText.stack(thrown);
            }
            ServerLog log = server;
            if (log == null) {
                writeNow(kind, message);
            } else {
                log.add(level, subject, kind, message);
            }
        } catch (RuntimeException | Error _) {
            // Most likely memory or descriptors are short. Better to lose a line than a thread.
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
