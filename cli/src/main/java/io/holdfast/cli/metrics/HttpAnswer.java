package io.holdfast.cli.metrics;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;

/**
 * An answer, after which the connection ends.
 *
 * @param type of the body
 */
record HttpAnswer(int status, String type, String body) {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);
    private static final Map<Integer, String> REASONS = Map.of(
            200, "OK",
            400, "Bad Request",
            404, "Not Found",
            405, "Method Not Allowed",
            421, "Misdirected Request",
            431, "Request Header Fields Too Large",
            500, "Internal Server Error",
            503, "Service Unavailable");

    /** A line of text. */
    static HttpAnswer line(int status, String line) {
        return new HttpAnswer(status, TEXT, line + "\n");
    }

    byte[] bytesOfBody() {
        return body.getBytes(StandardCharsets.UTF_8);
    }

    /** Returns what stands in front of the body. */
    byte[] head(int bodyBytes, Instant now) {
        String head = "HTTP/1.1 " + status + " " + REASONS.getOrDefault(status, "Unknown") + "\r\n"
                + "Date: " + DATE.format(now) + "\r\n"
                + "Content-Type: " + type + "\r\n"
                + "Content-Length: " + bodyBytes + "\r\n"
                + "X-Content-Type-Options: nosniff\r\n"
                + (status == 405 ? "Allow: GET, HEAD\r\n" : "")
                + "Connection: close\r\n\r\n";
        return head.getBytes(StandardCharsets.US_ASCII);
    }
}
