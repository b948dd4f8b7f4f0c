package io.holdfast.cli.text;

import io.holdfast.error.Printable;

/** Shows names and messages that come from a volume or a peer on a terminal without obeying what is in them. */
public final class Names {
    private Names() {}

    /** Returns the text with every control character, also those of C1, written as a backslash escape. */
    public static String printable(String text) {
        return Printable.of(text);
    }

    /** Returns bytes that should be UTF-8 and are not as text; every byte that is not printable ASCII is escaped. */
    public static String printable(byte[] bytes) {
        StringBuilder shown = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            shown.append(b >= ' ' && b < 0x7F ? String.valueOf((char) b) : String.format("\\x%02x", b));
        }
        return shown.toString();
    }

    /** Returns the last name of a volume path; {@code /} for the root. */
    public static String last(String path) {
        String trimmed = path;
        while (trimmed.length() > 1 && trimmed.endsWith("/")) {
            trimmed = trimmed.substring(0, trimmed.length() - 1);
        }
        int slash = trimmed.lastIndexOf('/');
        return trimmed.length() == 1 ? trimmed : trimmed.substring(slash + 1);
    }

    /** Returns the path of {@code name} in the directory {@code parent}. */
    public static String join(String parent, String name) {
        return parent.endsWith("/") ? parent + name : parent + "/" + name;
    }

    /** Returns the directory part of a volume path. */
    public static String parent(String path) {
        String last = last(path);
        int end = path.lastIndexOf(last);
        while (end > 1 && path.charAt(end - 1) == '/') {
            end--;
        }
        return end <= 0 || last.equals("/") ? "/" : path.substring(0, end);
    }
}
