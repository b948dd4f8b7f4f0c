package io.holdfast.cli.text;

import java.util.Locale;
import me.tongfei.progressbar.ProgressBarRenderer;
import me.tongfei.progressbar.ProgressState;

/**
 * The text of a {@link ProgressLine}: a bar, how much is done of how much, how fast on average, and how much time is left. As long as
 * nobody knows how much there is to do, it shows how much is done and for how long instead. It shows no question marks: what is not
 * known yet is left out.
 */
final class ProgressText implements ProgressBarRenderer {
    private static final long SECOND = 1000;
    private static final int BAR_MIN = 4;

    private final String unit;
    private final long unitSize;

    ProgressText(String unit, long unitSize) {
        this.unit = unit;
        this.unitSize = unitSize;
    }

    @Override
    public String render(ProgressState state, int length) {
        long millis = state.getTotalElapsed().toMillis();
        long max = state.isIndefinite() ? 0 : state.getMax();
        String text = max > 0
                ? bounded(state.getTaskName(), state.getCurrent(), max, millis, length)
                : state.getTaskName() + " " + state.getCurrent() / unitSize + unit + " in " + millis / SECOND + " s, "
                        + rate(state.getCurrent(), millis);
        return text.length() > length ? text.substring(0, Math.max(0, length)) : text;
    }

    /**
     * Returns the text of work with a known end.
     *
     * @param millis since it began
     * @param length characters that there are
     */
    String bounded(String task, long current, long max, long millis, int length) {
        long done = Math.min(current, max);
        String head = String.format(Locale.ROOT, "%s %3d%% ", task, (long) (100.0 * done / max));
        String tail = " " + done / unitSize + "/" + max / unitSize + unit + ", " + rate(done, millis)
                + left(done, max, millis);
        int bar = length - head.length() - tail.length() - 2;
        if (bar < BAR_MIN) {
            return head + tail.stripLeading();
        }
        int full = (int) ((double) bar * done / max);
        return head + "[" + "=".repeat(full) + " ".repeat(bar - full) + "]" + tail;
    }

    private String rate(long done, long millis) {
        double perSecond = millis == 0 ? 0 : (double) done / unitSize * SECOND / millis;
        return String.format(Locale.ROOT, unitSize == 1 && perSecond >= 10 ? "%.0f" : "%.1f", perSecond) + unit + "/s";
    }

    private static String left(long done, long max, long millis) {
        if (done <= 0 || done >= max) {
            return "";
        }
        long seconds = (long) Math.ceil((double) millis / SECOND / done * (max - done));
        return seconds < 60
                ? ", " + seconds + " s left"
                : String.format(Locale.ROOT, ", %d:%02d:%02d left", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}
