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

/** How a line of the log looks. */
final class LogText {
    /** A line is cut here, so that no peer makes it as long as it likes. */
    static final int LENGTH_MAX = 2000;

    private static final int FRAMES = 6;
    /** ISO 8601, always as long. */
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX");

    private LogText() {}

    /** Returns the message with what was thrown; one line. */
    static String message(String text, @Nullable Throwable thrown) {
        String all = thrown == null ? text : text + ": " + reason(thrown);
        return Names.printable(all.length() <= LENGTH_MAX ? all : all.substring(0, LENGTH_MAX) + "…");
    }

    /** Returns what happened, in words where there are any; where it is a defect also where in the program. */
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

    /** A short command's line. */
    static String plain(String message) {
        return "holdfast: " + message;
    }

    /** A server's line: the time with its offset from UTC, and how bad it is. */
    static String timed(ZonedDateTime time, Level level, String message) {
        return time(time) + " holdfast " + name(level) + ": " + message;
    }

    static String json(ZonedDateTime time, Level level, String message) {
        return Json.line(Json.object("time", time(time), "level", name(level), "message", message));
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
