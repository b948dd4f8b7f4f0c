package io.holdfast.cli.text;

import io.holdfast.error.SizeText;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sizes as people write them. {@code K M G T P E} and {@code KiB MiB …} are powers of 1024, {@code KB MB …} powers of
 * 1000, as in the GNU tools. Values are unsigned 64-bit numbers.
 */
public final class Sizes {
    private static final Pattern FORM =
            Pattern.compile("(\\d{1,20}(?:\\.\\d{1,18})?)\\s*(?:([KMGTPE])(I?B)?|B)?", Pattern.CASE_INSENSITIVE);
    private static final String UNITS = "KMGTPE";
    private static final BigDecimal STEP = new BigDecimal(1024);
    private static final int DIGITS = 3;
    private static final BigInteger LIMIT = BigInteger.ONE.shiftLeft(64);

    private Sizes() {}

    /**
     * Parses a size.
     *
     * @return bytes, unsigned
     * @throws IllegalArgumentException with a message for the person at the terminal
     */
    public static long parse(String text) {
        Matcher m = FORM.matcher(text.strip());
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a size; write a number and a unit, as in 4G, 512MiB or 1.5T");
        }
        BigDecimal bytes = new BigDecimal(m.group(1));
        String unit = m.group(2);
        if (unit != null) {
            int power = UNITS.indexOf(unit.toUpperCase(Locale.ROOT)) + 1;
            boolean decimal = "B".equalsIgnoreCase(m.group(3));
            bytes = bytes.multiply(
                    new BigDecimal(BigInteger.valueOf(decimal ? 1000 : 1024).pow(power)));
        }
        BigInteger whole = bytes.toBigInteger();
        if (new BigDecimal(whole).compareTo(bytes) != 0) {
            throw new IllegalArgumentException("'" + text + "' is not a whole number of bytes");
        }
        if (whole.compareTo(LIMIT) >= 0) {
            throw new IllegalArgumentException("'" + text + "' is too large; the largest size is 2^64 - 1 bytes");
        }
        return whole.longValue();
    }

    /** Returns a size in the largest binary unit that leaves at least 1, as in {@code 1.5 GiB}. */
    public static String show(long bytes) {
        return SizeText.rounded(bytes);
    }

    /**
     * Returns a size with three digits, rounded down: for what is left of something. So what is not all of it does not
     * look as if it were.
     */
    public static String floor(long bytes) {
        return digits(bytes, RoundingMode.DOWN);
    }

    /** Returns a size with three digits, rounded up: for what is taken of something. */
    public static String ceiling(long bytes) {
        return digits(bytes, RoundingMode.UP);
    }

    private static String digits(long bytes, RoundingMode rounding) {
        BigDecimal value = new BigDecimal(Long.toUnsignedString(bytes));
        for (int power = 0; ; power++) {
            int whole = value.precision() - value.scale();
            BigDecimal shown = value.setScale(Math.clamp(DIGITS - whole, 0, 2), rounding);
            if (shown.compareTo(STEP) < 0 || power == UNITS.length()) {
                return shown.stripTrailingZeros().toPlainString()
                        + (power == 0 ? " B" : " " + UNITS.charAt(power - 1) + "iB");
            }
            value = value.divide(STEP);
        }
    }

    /** Returns a size, with the number of bytes if the unit rounds it, as in {@code 2.9 MiB (3000000 bytes)}. */
    public static String exact(long bytes) {
        return SizeText.exact(bytes);
    }
}
