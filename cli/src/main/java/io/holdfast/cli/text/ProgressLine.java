package io.holdfast.cli.text;

import io.holdfast.volume.Progress;
import java.io.PrintStream;
import java.util.Optional;
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

    private final Optional<ProgressBar> bar;

    private ProgressLine(Optional<ProgressBar> bar) {
        this.bar = bar;
    }

    /** What the numbers given to {@link #update} count. */
    public enum Unit {
        BYTES(" MiB", 1L << 20),
        BLOCKS(" blocks", 1),
        STEPS(" steps", 1);

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
        if (!terminal) {
            return new ProgressLine(Optional.empty());
        }
        return new ProgressLine(Optional.of(new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .setRenderer(new ProgressText(unit.name, unit.size))
                .setConsumer(new ConsoleProgressBarConsumer(err, WIDTH))
                .build()));
    }

    @Override
    public void update(long done, long total) {
        bar.ifPresent(b -> {
            if (total > 0) {
                b.maxHint(total);
            }
            if (done > b.getCurrent()) {
                b.stepTo(done);
            }
        });
    }

    /** Shows that all is done. */
    public void finish() {
        bar.ifPresent(b -> b.stepTo(Math.max(b.getCurrent(), b.getMax())));
    }

    @Override
    public void close() {
        bar.ifPresent(ProgressBar::close);
    }
}
