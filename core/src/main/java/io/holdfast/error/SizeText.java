package io.holdfast.error;

import java.util.Locale;

/** Sizes in messages, in readable units. Values are unsigned 64-bit numbers. */
public final class SizeText {
    private static final String UNITS = "KMGTPE";
    private static final int UNIT_LOG2 = 10;
    private static final double ROUNDS_UP = 1023.95;

    private SizeText() {}

    /** Returns a size in the largest binary unit that leaves at least 1, as in {@code 1.5 GiB}. */
    public static String rounded(long bytes) {
        int power = power(bytes);
        if (power == 0) {
            return bytes + " B";
        }
        String number = String.format(Locale.ROOT, "%.1f", toDouble(bytes) / (1L << (power * UNIT_LOG2)));
        return (number.endsWith(".0") ? number.substring(0, number.length() - 2) : number) + " "
                + UNITS.charAt(power - 1) + "iB";
    }

    /** Returns a size, with its bytes if the unit does not say it exactly, as in {@code 2.9 MiB (3000000 bytes)}. */
    public static String exact(long bytes) {
        int power = power(bytes);
        if (power == 0) {
            return bytes == 1 ? "1 byte" : bytes + " bytes";
        }
        boolean wholeOrHalf = Long.numberOfTrailingZeros(bytes) >= power * UNIT_LOG2 - 1;
        return rounded(bytes) + (wholeOrHalf ? "" : " (" + Long.toUnsignedString(bytes) + " bytes)");
    }

    /** Returns the unit: a size that rounds to 1024 of one is 1 of the next. */
    private static int power(long bytes) {
        if (bytes >= 0 && bytes < 1 << UNIT_LOG2) {
            return 0;
        }
        int power = 0;
        for (double value = toDouble(bytes); value >= ROUNDS_UP && power < UNITS.length(); power++) {
            value /= 1 << UNIT_LOG2;
        }
        return Math.max(power, 1);
    }

    private static double toDouble(long bytes) {
        return bytes >= 0 ? bytes : (bytes >>> 1) * 2.0;
    }
}
