package io.holdfast.error;

/**
 * Makes names and messages safe to show. A name in a volume may have any bytes, and messages contain names. All code
 * that shows one, on a terminal, in a log or in a protocol's text, uses this class.
 */
public final class Printable {
    private Printable() {}

    /**
     * Returns the text with every control character, also those of C1, and each half of a surrogate pair written as a
     * backslash escape. Printable text stays as it is.
     */
    public static String of(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            int type = Character.getType(c);
            if (Character.isISOControl(c) || type == Character.FORMAT || type == Character.SURROGATE) {
                shown.append(String.format(c < 0x100 ? "\\x%02x" : "\\u{%x}", c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.toString();
    }
}
