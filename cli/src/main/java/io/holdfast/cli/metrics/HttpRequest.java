package io.holdfast.cli.metrics;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The head of a request, by RFC 9112; what stands behind it is not read.
 *
 * @param path as it was sent, without a query
 * @param host for whom it is; null for a client of HTTP/1.0 that says nothing of it
 * @param accept what the client takes; empty if it says nothing of it
 */
record HttpRequest(String method, String path, @Nullable String host, String accept) {
    /** The bytes of a head, with the empty line. */
    static final int BYTES_MAX = 16 << 10;

    static final int HEADERS_MAX = 50;

    private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    private static final Pattern LINE = Pattern.compile("(" + TOKEN + ") ([!-~]+) HTTP/1\\.([01])");
    private static final Pattern NAME = Pattern.compile(TOKEN);
    private static final Pattern ABSOLUTE = Pattern.compile("(?i:http)://([^/?#]*)([^?#]*).*");

    /** What is no request, with the status of the answer to it. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        private final int status;

        Malformed(int status, String message) {
            super(message);
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    /** Returns how long the head is that some bytes begin with, with its empty line; -1 if it does not end in them. */
    static int lengthOf(byte[] bytes, int count) {
        int lineBegins = 0;
        for (int i = 0; i < count; i++) {
            if (bytes[i] == '\n') {
                if (lineBegins > 0 && isEmpty(bytes, lineBegins, i)) {
                    return i + 1;
                }
                lineBegins = i + 1;
            }
        }
        return -1;
    }

    private static boolean isEmpty(byte[] bytes, int from, int newline) {
        return newline == from || (newline == from + 1 && bytes[from] == '\r');
    }

    /**
     * Parses a head.
     *
     * @param length as {@link #lengthOf} says
     */
    static HttpRequest parse(byte[] bytes, int length) throws Malformed {
        List<String> lines = lines(bytes, length);
        Matcher line = LINE.matcher(lines.getFirst());
        if (!line.matches()) {
            throw new Malformed(400, "that is no request of HTTP/1.1");
        }
        List<String> hosts = new ArrayList<>();
        List<String> accepted = new ArrayList<>();
        for (String text : lines.subList(1, lines.size())) {
            int colon = text.indexOf(':');
            if (colon < 0 || !NAME.matcher(text.substring(0, colon)).matches()) {
                throw new Malformed(400, "a header is malformed");
            }
            switch (text.substring(0, colon).toLowerCase(Locale.ROOT)) {
                case "host" -> hosts.add(text.substring(colon + 1).strip());
                case "accept" -> accepted.add(text.substring(colon + 1).strip());
                default -> {}
            }
        }
        if (hosts.size() > 1 || (hosts.isEmpty() && line.group(3).equals("1"))) {
            throw new Malformed(400, "a request of HTTP/1.1 has one Host");
        }
        String host = hosts.isEmpty() ? null : hosts.getFirst();
        return of(line.group(1), line.group(2), host, String.join(",", accepted));
    }

    private static List<String> lines(byte[] bytes, int length) throws Malformed {
        List<String> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < length; i++) {
            if (bytes[i] == '\n') {
                int end = i > from && bytes[i - 1] == '\r' ? i - 1 : i;
                lines.add(new String(bytes, from, end - from, StandardCharsets.ISO_8859_1));
                from = i + 1;
            }
            if (lines.size() > HEADERS_MAX + 2) {
                throw new Malformed(431, "a request has at most " + HEADERS_MAX + " headers");
            }
        }
        return lines.subList(0, lines.size() - 1);
    }

    /** What a proxy is asked for is a whole URI; its host takes the place of the header. */
    private static HttpRequest of(String method, String target, @Nullable String host, String accept) {
        Matcher absolute = ABSOLUTE.matcher(target);
        if (absolute.matches()) {
            return new HttpRequest(method, absolute.group(2), absolute.group(1), accept);
        }
        int query = target.indexOf('?');
        return new HttpRequest(method, query < 0 ? target : target.substring(0, query), host, accept);
    }
}
