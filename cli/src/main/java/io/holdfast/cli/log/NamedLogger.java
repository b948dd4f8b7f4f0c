package io.holdfast.cli.log;

import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * A logger by its name. The kind of a line is its text before parameters are filled in; lines of one kind share a rate
 * limit. A text without parameters belongs to the kind of its logger and level. Parameters behind those that the text shows belong to the kind:
 * so who fills the log at one socket does not silence the lines on others.
 */
final class NamedLogger implements System.Logger {
    private static final String OWN = "io.holdfast";

    private final String name;
    private final String subject;
    private final boolean own;

    NamedLogger(String name) {
        this.name = name;
        this.own = name.startsWith(OWN) || name.equals("holdfast");
        this.subject = subject(name);
    }

    /**
     * Returns what the lines of a logger are about: the last package of its name. Those of the engine are about the volume, those of the
     * platform about Java.
     */
    static String subject(String name) {
        if (name.equals("holdfast")) {
            return "volume";
        }
        if (!name.startsWith(OWN)) {
            return "java";
        }
        int dot = name.lastIndexOf('.');
        // The name of a class stands behind that of its package.
        boolean isClass = dot + 1 < name.length() && Character.isUpperCase(name.charAt(dot + 1));
        return isClass ? name.substring(name.lastIndexOf('.', dot - 1) + 1, dot) : name.substring(dot + 1);
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public boolean isLoggable(Level level) {
        int least = Math.max(Log.least().getSeverity(), (own ? Level.ALL : Level.WARNING).getSeverity());
        return level != Level.OFF && level.getSeverity() >= least;
    }

    @Override
    public void log(
            Level level, @Nullable ResourceBundle bundle, @Nullable String message, @Nullable Throwable thrown) {
        if (isLoggable(level)) {
            Log.write(level, subject, name + level, String.valueOf(message), thrown);
        }
    }

    @Override
    public void log(
            Level level, @Nullable ResourceBundle bundle, @Nullable String format, @Nullable Object... parameters) {
        if (isLoggable(level)) {
            String template = String.valueOf(format);
            boolean plain = parameters == null || parameters.length == 0;
            Log.write(
                    level,
                    subject,
                    plain ? name + level : kind(template, parameters),
                    plain ? template : fill(template, parameters),
                    null);
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

    /** Returns the template, and what follows the last parameter that it shows. */
    static String kind(String template, @Nullable Object... parameters) {
        int shown = 0;
        for (int open = template.indexOf('{'); open >= 0; open = template.indexOf('{', open + 1)) {
            int close = template.indexOf('}', open);
            shown = Math.max(shown, close < 0 ? 0 : index(template.substring(open + 1, close)) + 1);
        }
        StringBuilder kind = new StringBuilder(template);
        for (int i = shown; i < parameters.length; i++) {
            kind.append(' ').append(parameters[i]);
        }
        return kind.toString();
    }

    private static int index(String digits) {
        boolean good =
                !digits.isEmpty() && digits.length() < 3 && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        return good ? Integer.parseInt(digits) : -1;
    }
}
