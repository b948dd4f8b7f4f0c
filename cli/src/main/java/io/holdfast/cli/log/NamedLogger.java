package io.holdfast.cli.log;

import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * A logger by its name. The kind of a line is its text before parameters are filled in; lines of one kind share a rate
 * limit. A text without parameters belongs to the kind of its logger and level.
 */
final class NamedLogger implements System.Logger {
    private final String name;
    private final Level least;

    NamedLogger(String name) {
        this.name = name;
        boolean own = name.startsWith("io.holdfast") || name.equals("holdfast");
        this.least = !own ? Level.WARNING : Log.debug() ? Level.DEBUG : Level.INFO;
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public boolean isLoggable(Level level) {
        return level != Level.OFF && level.getSeverity() >= least.getSeverity();
    }

    @Override
    public void log(
            Level level, @Nullable ResourceBundle bundle, @Nullable String message, @Nullable Throwable thrown) {
        if (isLoggable(level)) {
            Log.write(level, name + level, String.valueOf(message), thrown);
        }
    }

    @Override
    public void log(
            Level level, @Nullable ResourceBundle bundle, @Nullable String format, @Nullable Object... parameters) {
        if (isLoggable(level)) {
            String template = String.valueOf(format);
            boolean plain = parameters == null || parameters.length == 0;
            Log.write(level, plain ? name + level : template, plain ? template : fill(template, parameters), null);
        }
    }

    /** Fills in parameters for {@code {0}} and so on. Numbers are not grouped, and apostrophes are not special. */
    static String fill(String template, @Nullable Object... parameters) {
        StringBuilder text = new StringBuilder(template.length() + 64);
        int done = 0;
        for (int open = template.indexOf('{'); open >= 0; open = template.indexOf('{', open + 1)) {
            int close = template.indexOf('}', open);
            int index = close < 0 ? -1 : index(template.substring(open + 1, close));
            if (index >= 0 && index < parameters.length) {
                text.append(template, done, open).append(parameters[index]);
                done = close + 1;
            }
        }
        return text.append(template, done, template.length()).toString();
    }

    private static int index(String digits) {
        boolean good =
                !digits.isEmpty() && digits.length() < 3 && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        return good ? Integer.parseInt(digits) : -1;
    }
}
