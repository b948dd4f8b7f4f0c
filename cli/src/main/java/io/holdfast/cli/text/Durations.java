package io.holdfast.cli.text;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times as people read them. */
public final class Durations {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;

    private static final long SECONDS_PER_DAY = 86_400;
    private static final long SECONDS_MAX = 3660 * SECONDS_PER_DAY;
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})\\s*([wdhms])");

    private Durations() {}

    /**
     * Parses a time as in {@code 7d}, {@code 12h}, {@code 30m}, {@code 90s} or {@code 2w}.
     *
     * @return at least a second, at most ten years
     * @throws IllegalArgumentException with a message for the person at the terminal
     */
    public static Duration parse(String text) {
        Matcher m = FORM.matcher(text.strip());
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a time; write a number and a unit, as in 7d, 12h or 30m");
        }
        long seconds = Long.parseLong(m.group(1))
                * switch (m.group(2)) {
                    case "w" -> 7 * SECONDS_PER_DAY;
                    case "d" -> SECONDS_PER_DAY;
                    case "h" -> 3600;
                    case "m" -> 60;
                    default -> 1;
                };
        if (seconds < 1 || seconds > SECONDS_MAX) {
            throw new IllegalArgumentException("'" + text + "' is out of range: it may be 1s to 10 years");
        }
        return Duration.ofSeconds(seconds);
    }

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
