package io.holdfast.cli.log;

import java.lang.System.Logger.Level;

/**
 * What a line of a server's log looks like.
 *
 * @param json one object a line; else text
 * @param journal the reader is the journal of systemd: each line has its priority in front. Text has no time then, since the journal has it
 */
public record LogFormat(boolean json, boolean journal) {
    /** Text with the time. */
    public static final LogFormat TEXT = new LogFormat(false, false);

    /** JSON. */
    public static final LogFormat JSON = new LogFormat(true, false);

    /** Returns a line without its end. */
    String line(Level level, String subject, String message) {
        String line = json
                ? LogText.json(LogText.now(), level, subject, message)
                : journal
                        ? LogText.untimed(level, subject, message)
                        : LogText.timed(LogText.now(), level, subject, message);
        return journal ? LogText.priority(level) + line : line;
    }
}
