package io.holdfast.cli.text;

import io.holdfast.volume.Progress;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/**
 * A progress bar with rate and time left, on standard error. If that is not a terminal it shows nothing. It does not go back: a
 * part that has to be done again, as in a check beside writers, shows as a wait.
 */
public final class ProgressLine implements Progress, AutoCloseable {
    private static final int WIDTH = 90;
    private static final int UPDATE_MILLIS = 200;
    /** What takes less needs no bar. */
    private static final Duration LATE = Duration.ofSeconds(1);

    private final Start start;
    private final long startNanos = System.nanoTime();
    private final ReentrantLock lock = new ReentrantLock();
    private Optional<ProgressBar> bar = Optional.empty();
    private boolean begun;

    /**
     * How the bar starts.
     *
     * @param terminal asked once, when the bar would be shown
     * @param late how long after the work's begin the bar appears
     */
    private record Start(
            BooleanSupplier terminal, PrintStream err, String task, Unit unit, long total, Duration late) {}

    private ProgressLine(Start start) {
        this.start = start;
    }

    /** What the numbers given to {@link #update} count. */
    public enum Unit {
        BYTES(" MiB", 1L << 20),
        BLOCKS(" blocks", 1),
        STEPS(" steps", 1),
        FILES(" files", 1);

        private final String name;
        private final long size;

        Unit(String name, long size) {
            this.name = name;
            this.size = size;
        }
    }

    /**
     * Starts a bar.
     *
     * @param total the number of bytes or blocks; negative if not known
     */
    public static ProgressLine start(boolean terminal, PrintStream err, String task, Unit unit, long total) {
        ProgressLine line = new ProgressLine(new Start(() -> terminal, err, task, unit, total, Duration.ZERO));
        line.begin();
        return line;
    }

    /** Starts the bar of work that mostly is done at once: it appears with the first update after a second. */
    public static ProgressLine startLate(BooleanSupplier terminal, PrintStream err, String task, Unit unit) {
        return startLate(terminal, err, task, unit, LATE);
    }

    static ProgressLine startLate(BooleanSupplier terminal, PrintStream err, String task, Unit unit, Duration late) {
        return new ProgressLine(new Start(terminal, err, task, unit, -1, late));
    }

    /** Shows the bar if it is time. */
    private Optional<ProgressBar> begin() {
        lock.lock();
        try {
            return begunLocked();
        } finally {
            lock.unlock();
        }
    }

    private Optional<ProgressBar> begunLocked() {
        Duration elapsed = Duration.ofNanos(System.nanoTime() - startNanos);
        if (!begun && elapsed.compareTo(start.late) >= 0) {
            begun = true;
            if (start.terminal.getAsBoolean()) {
                bar = Optional.of(new ProgressBarBuilder()
                        .setTaskName(start.task)
                        .setInitialMax(start.total)
                        .startsFrom(0, elapsed)
                        .setUpdateIntervalMillis(UPDATE_MILLIS)
                        .setRenderer(new ProgressText(start.unit.name, start.unit.size))
                        .setConsumer(new ConsoleProgressBarConsumer(start.err, WIDTH))
                        .build());
            }
        }
        return bar;
    }

    /** Shows how far the work is. Several threads may call this. */
    @Override
    public void update(long done, long total) {
        begin().ifPresent(b -> {
            if (total > 0) {
                b.maxHint(total);
            }
            if (done > b.getCurrent()) {
                b.stepTo(done);
            }
        });
    }

    private Optional<ProgressBar> shown() {
        lock.lock();
        try {
            return bar;
        } finally {
            lock.unlock();
        }
    }

    /** Shows that all is done. */
    public void finish() {
        shown().ifPresent(b -> b.stepTo(Math.max(b.getCurrent(), b.getMax())));
    }

    @Override
    public void close() {
        shown().ifPresent(ProgressBar::close);
    }
}
