package io.holdfast.cli.command;

import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Nearest;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says what is wrong with a command line, and suggests what the user may have meant. */
public final class Misuse {
    private static final int TYPED_CHARS_MAX = 100;
    private static final String UNKNOWN_SUBCOMMAND = "Unknown subcommand";

    private Misuse() {}

    /** Returns the message for the person at the terminal, about the line that {@code e} was thrown for. */
    public static String message(ParameterException e, String... args) {
        String message = String.valueOf(e.getMessage());
        if (message.startsWith(UNKNOWN_SUBCOMMAND) && e.getValue() != null) {
            return noSuchCommand(e.getValue());
        }
        return unknownOption(e, args).orElseGet(() -> other(e, message));
    }

    /**
     * Finds an unknown option, which is reported before any other mistake: a mistyped option causes others, since it is
     * missing under its right name and its value looks like an extra argument. So this parses the line again, to its
     * end.
     */
    private static Optional<String> unknownOption(ParameterException e, String... args) {
        CommandLine root = e.getCommandLine();
        root.getCommandSpec().parser().collectErrors(true);
        while (root.getParent() != null) {
            root = root.getParent();
            root.getCommandSpec().parser().collectErrors(true);
        }
        for (ParseResult result = root.parseArgs(args); result != null; result = result.subcommand()) {
            for (Exception error : result.errors()) {
                Optional<String> option = error instanceof UnmatchedArgumentException u
                        ? u.getUnmatched().stream().filter(Misuse::isOption).findFirst()
                        : Optional.empty();
                if (option.isPresent()) {
                    return Optional.of(
                            noSuchOption(option.get(), result.commandSpec().commandLine(), args));
                }
            }
        }
        return Optional.empty();
    }

    private static boolean isOption(String argument) {
        return argument.startsWith("-") && argument.length() > 1;
    }

    private static String noSuchOption(String argument, CommandLine command, String... args) {
        int value = argument.indexOf('=');
        String option = value < 0 ? argument : argument.substring(0, value);
        CommandLine parent = command.getParent();
        if (parent == null) {
            return beforeTheCommand(option, command, args);
        }
        if (options(parent).contains(option)) {
            return "the option " + option + " goes without a command: '" + name(parent) + " " + option + "'";
        }
        return no("option", option, options(command));
    }

    /**
     * Returns the message for an option before the command. The root command has few options; the others must follow
     * the name of their command.
     */
    private static String beforeTheCommand(String option, CommandLine root, String... args) {
        Map<String, CommandLine> commands = root.getSubcommands();
        Optional<CommandLine> named =
                Arrays.stream(args).filter(commands::containsKey).findFirst().map(commands::get);
        return Stream.concat(named.stream(), Commands.shown().stream().map(commands::get))
                .filter(command -> options(command).contains(option))
                .findFirst()
                .map(owner ->
                        "the option " + option + " goes behind its command, as in '" + name(owner) + " " + option + "'")
                .orElseGet(() -> {
                    Collection<String> known = new TreeSet<>(options(root));
                    named.ifPresent(command -> known.addAll(options(command)));
                    return no("option", option, known);
                });
    }

    private static Collection<String> options(CommandLine command) {
        return command.getCommandSpec().optionsMap().keySet();
    }

    private static String name(CommandLine command) {
        return command.getCommandSpec().qualifiedName();
    }

    private static String other(ParameterException e, String message) {
        List<String> unmatched = e instanceof UnmatchedArgumentException u ? u.getUnmatched() : List.of();
        if (unmatched.isEmpty()) {
            return message;
        }
        String first = unmatched.getFirst();
        CommandLine command = e.getCommandLine();
        return command.getParent() == null
                ? noSuchCommand(first)
                : "'" + Names.printable(first) + "' is one argument too many for '" + name(command) + "'";
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
