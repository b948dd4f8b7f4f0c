package io.holdfast.cli.text;

import java.text.DecimalFormat;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import me.tongfei.progressbar.DefaultProgressBarRenderer;
import me.tongfei.progressbar.ProgressBarStyle;
import me.tongfei.progressbar.ProgressState;

/**
 * The text of a {@link ProgressLine}. As long as nobody knows how much there is to do, it shows how much is done, for how long and how
 * fast: no bar, and no question marks for percent and time left.
 */
final class ProgressText extends DefaultProgressBarRenderer {
    private static final long SECOND = 1000;

    private final String unit;
    private final long unitSize;

    ProgressText(String unit, long unitSize) {
        super(
                ProgressBarStyle.ASCII,
                unit,
                unitSize,
                true,
                new DecimalFormat("#.0"),
                ChronoUnit.SECONDS,
                true,
                ProgressText::timeLeft);
        this.unit = unit;
        this.unitSize = unitSize;
    }

    private static Optional<Duration> timeLeft(ProgressState state) {
        long done = state.getCurrent() - state.getStart();
        if (state.getMax() <= 0 || done <= 0) {
            return Optional.empty();
        }
        double rest = (double) (state.getMax() - state.getCurrent()) / done;
        return Optional.of(
                Duration.ofMillis((long) (state.getElapsedAfterStart().toMillis() * rest)));
    }

    @Override
    public String render(ProgressState state, int length) {
        if (!state.isIndefinite() && state.getMax() > 0) {
            return super.render(state, length);
        }
        long millis = state.getTotalElapsed().toMillis();
        long done = state.getCurrent() / unitSize;
        String text = state.getTaskName() + " " + done + unit + " in " + millis / SECOND + " s, "
                + String.format(Locale.ROOT, "%.1f", millis == 0 ? 0.0 : (double) done * SECOND / millis) + unit + "/s";
        return text.length() > length ? text.substring(0, Math.max(0, length)) : text;
    }
}
