package io.holdfast.cli.log;

import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.System.Logger.Level;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Formats the lines of the log. */
final class LogText {
    /** A line is cut at this length, so that no peer can make it arbitrarily long. */
    static final int LENGTH_MAX = 2000;

    private static final int FRAMES = 6;
    /** ISO 8601, in fixed width. */
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX");

    private LogText() {}

    /** Returns the message and the exception in one line. */
    static String message(String text, @Nullable Throwable thrown) {
        String all = thrown == null ? text : text + ": " + reason(thrown);
        return Names.printable(all.length() <= LENGTH_MAX ? all : all.substring(0, LENGTH_MAX) + "…");
    }

    /** Returns the reason: in words if the exception has them; for a defect also the place in the program. */
    private static String reason(Throwable thrown) {
        String message = thrown.getMessage();
        boolean expected = thrown instanceof IOException || thrown instanceof HoldfastException;
        if (expected && message != null) {
            return message;
        }
        boolean defect = !expected && !(thrown instanceof OutOfMemoryError);
        return thrown + (defect ? " at " + frames(thrown) : "");
    }

    private static String frames(Throwable thrown) {
        return Arrays.stream(thrown.getStackTrace())
                .limit(FRAMES)
                .map(StackTraceElement::toString)
                .collect(Collectors.joining(" < "));
    }

    /** Returns the whole stack, for {@code HOLDFAST_DEBUG}. */
    static String stack(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text, true));
        return text.toString().stripTrailing();
    }

    /** Returns a line of a short command. */
    static String plain(String message) {
        return "holdfast: " + message;
    }

    /** Returns a line of a server: the level, what it is about, and the message. */
    static String untimed(Level level, String subject, String message) {
        return name(level) + " " + subject + ": " + message;
    }

    /** Returns a line of a server as {@link #untimed} does, behind the time with its offset from UTC. */
    static String timed(ZonedDateTime time, Level level, String subject, String message) {
        return time(time) + " " + untimed(level, subject, message);
    }

    static String json(ZonedDateTime time, Level level, String subject, String message) {
        return Json.line(Json.object("time", time(time), "level", name(level), "subject", subject, "message", message));
    }

    /** Returns the priority of syslog, as sd-daemon(3) wants it in front of a line for the journal. */
    static String priority(Level level) {
        return switch (level) {
            case ERROR, OFF -> "<3>";
            case WARNING -> "<4>";
            case INFO, ALL -> "<6>";
            case DEBUG, TRACE -> "<7>";
        };
    }

    static ZonedDateTime now() {
        return ZonedDateTime.now(ZoneId.systemDefault());
    }

    private static String time(ZonedDateTime time) {
        return TIME.format(time);
    }

    private static String name(Level level) {
        return level.getName().toLowerCase(Locale.ROOT);
    }
}
