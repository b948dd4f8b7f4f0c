package io.holdfast.error;

/**
 * Names and messages for people. Names in a volume have whatever bytes they have, and messages have names: whoever shows
 * one, on a terminal, in a log or in a text of a protocol, shows it so.
 */
public final class Printable {
    private Printable() {}

    /**
     * Returns the text with every control character, also those of C1, and each half of a surrogate pair written as a
     * backslash escape. What is printable already stays as it is.
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
