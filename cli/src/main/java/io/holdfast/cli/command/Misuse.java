package io.holdfast.cli.command;

import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Nearest;
import java.util.Collection;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says what is wrong with a command line, and what may have been meant. */
public final class Misuse {
    private static final int TYPED_CHARS_MAX = 100;
    private static final String UNKNOWN_SUBCOMMAND = "Unknown subcommand";

    private Misuse() {}

    /** Returns the message for the person at the terminal. */
    public static String message(ParameterException e) {
        String message = String.valueOf(e.getMessage());
        if (message.startsWith(UNKNOWN_SUBCOMMAND) && e.getValue() != null) {
            return noSuchCommand(e.getValue());
        }
        List<String> unmatched = e instanceof UnmatchedArgumentException u ? u.getUnmatched() : List.of();
        if (unmatched.isEmpty()) {
            return message;
        }
        String first = unmatched.getFirst();
        CommandLine command = e.getCommandLine();
        if (first.startsWith("-") && first.length() > 1) {
            int value = first.indexOf('=');
            String option = value < 0 ? first : first.substring(0, value);
            return no("option", option, command.getCommandSpec().optionsMap().keySet());
        }
        return command.getParent() == null
                ? noSuchCommand(first)
                : "'" + Names.printable(first) + "' is one argument too many for '"
                        + command.getCommandSpec().qualifiedName() + "'";
    }

    private static String noSuchCommand(String typed) {
        return no("command", typed, Commands.names());
    }

    private static String no(String what, String typed, Collection<String> known) {
        String begin = typed.substring(0, Math.min(typed.length(), TYPED_CHARS_MAX));
        return "no such " + what + ": " + Names.printable(begin)
                + Nearest.to(begin, known)
                        .map(nearest -> "; the nearest is '" + nearest + "'")
                        .orElse("");
    }
}
