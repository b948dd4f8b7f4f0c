package io.holdfast.cli.text;

import java.util.Locale;

/** Times as people read them. */
public final class Durations {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;

    private Durations() {}

    /** Returns milliseconds with one digit after the point. */
    public static double millis(long nanos) {
        return Math.round(nanos / NANOS_PER_MILLI * 10) / 10.0;
    }

    /** Returns as in {@code 12.3 ms}, {@code 4.1 s} or {@code 2 min 5 s}. */
    public static String show(long nanos) {
        double seconds = nanos / NANOS_PER_SECOND;
        if (seconds < 1) {
            return String.format(Locale.ROOT, "%.1f ms", nanos / NANOS_PER_MILLI);
        }
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        return (long) seconds / 60 + " min " + (long) seconds % 60 + " s";
    }

    /** Returns a rate as in {@code 310 MiB/s}. */
    public static String rate(long bytes, long nanos) {
        return Sizes.show((long) (bytes / Math.max(nanos / NANOS_PER_SECOND, 1e-9))) + "/s";
    }
}
