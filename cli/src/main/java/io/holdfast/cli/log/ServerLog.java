package io.holdfast.cli.log;

import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The log of a server: one line an event, with the time, on standard error. A thread of its own prints, so that no
 * serving thread waits for the reader of the log. That thread also reports how many lines {@link RateLimit} has left
 * out.
 *
 * <p>Invariants: opening this loads and starts everything that a line needs, so a later line needs no descriptor and no
 * thread. At most {@link #WAITING_MAX} lines wait; further lines are counted and dropped.
 */
public final class ServerLog implements AutoCloseable {
    private static final int WAITING_MAX = 1000;
    private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long CLOSE_MILLIS_MAX = 2000;

    private final PrintStream out;
    private final LogFormat format;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final RateLimit limit = new RateLimit();
    private final ArrayDeque<String> waiting = new ArrayDeque<>();
    private final Thread thread;
    private long lost;
    private boolean closing;

    private ServerLog(PrintStream out, LogFormat format) {
        this.out = out;
        this.format = format;
        this.thread = Thread.ofPlatform().daemon().name("holdfast-log").unstarted(this::print);
    }

    /** Sends all log lines of this process to {@code out}, until this is closed. */
    public static ServerLog open(PrintStream out, LogFormat format) {
        ServerLog log = new ServerLog(out, format);
        // Load now what a line needs: classes, and the rules of the time zone, which are in a file.
        var _ = log.format.line(Level.INFO, "log", LogText.message("\0", new IllegalStateException("never shown")));
        log.thread.start();
        Log.server(log);
        return log;
    }

    void add(Level level, String subject, String kind, String message) {
        lock.lock();
        try {
            if (limit.admit(kind, message, System.nanoTime())) {
                put(level, subject, message);
            }
        } finally {
            lock.unlock();
        }
    }

    private void put(Level level, String subject, String message) {
        if (waiting.size() >= WAITING_MAX) {
            lost++;
        } else {
            waiting.add(format.line(level, subject, message));
            changed.signal();
        }
    }

    private void print() {
        boolean last = false;
        while (!last) {
            List<String> lines = List.of();
            lock.lock();
            try {
                if (waiting.isEmpty() && !closing) {
                    var _ = changed.awaitNanos(TICK_NANOS);
                }
                last = closing;
                tellWhatIsMissing(last);
                lines = new ArrayList<>(waiting);
                waiting.clear();
            } catch (InterruptedException | RuntimeException | Error _) {
                // Nobody interrupts this thread. If memory is short for a moment, the lines stay in the queue.
            } finally {
                lock.unlock();
            }
            printAll(lines);
        }
    }

    private void printAll(List<String> lines) {
        try {
            lines.forEach(out::println);
            out.flush();
        } catch (RuntimeException | Error _) {
            // As above: this thread must not end.
        }
    }

    private void tellWhatIsMissing(boolean all) {
        long now = System.nanoTime();
        for (RateLimit.LeftOut left : all ? limit.rest(now) : limit.due(now)) {
            put(
                    Level.WARNING,
                    "log",
                    left.count() + " more lines like this were left out in the last " + left.seconds()
                            + " s; the last: " + left.last());
        }
        if (lost > 0 && waiting.size() < WAITING_MAX) {
            long count = lost;
            lost = 0;
            put(
                    Level.WARNING,
                    "log",
                    count + " log lines are lost: nobody read standard error; see to it that somebody does");
        }
    }

    /**
     * Prints the waiting lines, but gives up if nobody reads them within two seconds; then sends log lines to standard
     * error again.
     */
    @Override
    public void close() {
        Log.server(null);
        lock.lock();
        try {
            closing = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
        try {
            thread.join(CLOSE_MILLIS_MAX);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
