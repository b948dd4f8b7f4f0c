package io.holdfast.cli.config;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Nearest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * A command line with what its configuration file says: each key of the file is an option of the command, taken from the same declaration.
 * What stands on the command line wins: it takes the place of all that the file has for that option.
 */
public final class ConfiguredLine {
    /** The name of the option that names the file. */
    public static final String OPTION = "--config";

    /** The name of the option that only checks the file. */
    private static final String CHECK = "--check-config";

    private static final Pattern INVALID = Pattern.compile("^Invalid value for [^':]*'[^']*'[^':]*: ");
    private static final Pattern MENTIONED = Pattern.compile("--[a-z][a-z0-9-]*");

    private final String[] arguments;
    private final @Nullable ConfigFile file;
    /** What of the file counts. */
    private final Map<String, ConfigFile.Entry> used;

    private ConfiguredLine(String[] arguments, @Nullable ConfigFile file, Map<String, ConfigFile.Entry> used) {
        this.arguments = arguments;
        this.file = file;
        this.used = used;
    }

    /** Returns a line without a file. */
    public static ConfiguredLine plain(String... arguments) {
        return new ConfiguredLine(arguments, null, Map.of());
    }

    /**
     * Reads the file that a command line names, if it names one.
     *
     * @param line begins with the name of the command
     * @param command makes a parser for the command alone, ready for a line without its name
     * @throws UsageException naming file and line of a key that is no option, or of a value that the option does not take
     * @throws IOException if the file cannot be read
     */
    public static ConfiguredLine of(String[] line, Supplier<CommandLine> command) throws IOException {
        if (line.length == 0 || Arrays.stream(line).noneMatch(word -> word.startsWith(OPTION))) {
            return plain(line);
        }
        List<String> rest = List.of(line).subList(1, line.length);
        ParseResult given = lenient(command.get(), rest);
        List<String> named =
                given.hasMatchedOption(OPTION) ? given.matchedOption(OPTION).stringValues() : List.of();
        if (named.size() != 1) {
            return plain(line); // None, or a mistake that the parser will find.
        }
        ConfigFile file = ConfigFile.read(HostPath.of(named.getFirst()));
        List<String> all = new ArrayList<>(List.of(line[0]));
        List<String> positional = new ArrayList<>();
        Map<String, ConfigFile.Entry> used = new HashMap<>();
        for (ConfigFile.Entry entry : file.entries().values()) {
            ArgSpec target = target(file, entry, command.get());
            List<String> words = words(file, entry, target, command);
            boolean overruled = target instanceof OptionSpec option
                    ? given.hasMatchedOption(option.longestName())
                    : !given.matchedPositionals().isEmpty();
            if (!overruled) {
                used.put(entry.key(), entry);
                (target.isOption() ? all : positional).addAll(words);
            }
        }
        all.addAll(rest);
        all.addAll(1, positional);
        return new ConfiguredLine(all.toArray(String[]::new), file, used);
    }

    /** Returns the whole line. */
    public String[] arguments() {
        return arguments.clone();
    }

    /** Returns the file. */
    public Optional<Path> file() {
        return Optional.ofNullable(file).map(ConfigFile::path);
    }

    /**
     * Returns a message about the options of the line with the place in the file of the first option that it names and the file has; the
     * message as it is if there is none.
     */
    public String located(String message) {
        ConfigFile from = file;
        if (from == null) {
            return message;
        }
        return MENTIONED
                .matcher(message)
                .results()
                .map(found -> used.get(found.group().substring(2)))
                .filter(Objects::nonNull)
                .findFirst()
                .map(entry -> String.valueOf(from.wrong(entry.line(), message).getMessage()))
                .orElse(message.startsWith("Missing required") ? from.path() + ": " + message : message);
    }

    // ---- one key ----

    /** The keys that a file may have: the long names of the command's options, and the names of its arguments. */
    public static List<ArgSpec> keys(CommandLine command) {
        List<ArgSpec> keys = new ArrayList<>(command.getCommandSpec().positionalParameters());
        command.getCommandSpec().options().stream()
                .filter(option -> !option.usageHelp() && !option.versionHelp() && !option.hidden())
                .filter(option -> !List.of(OPTION, CHECK).contains(option.longestName()))
                .forEach(keys::add);
        return keys;
    }

    /** Returns the key of an option or argument. */
    public static String key(ArgSpec spec) {
        return spec instanceof OptionSpec option
                ? option.longestName().replaceFirst("^-+", "")
                : spec.paramLabel().toLowerCase(Locale.ROOT);
    }

    private static ArgSpec target(ConfigFile file, ConfigFile.Entry entry, CommandLine command) {
        List<ArgSpec> known = keys(command);
        return known.stream()
                .filter(spec -> key(spec).equals(entry.key()))
                .findFirst()
                .orElseThrow(() -> file.wrong(
                        entry.line(),
                        "no such key: " + Names.printable(entry.key())
                                + Nearest.to(
                                                entry.key(),
                                                known.stream()
                                                        .map(ConfiguredLine::key)
                                                        .toList())
                                        .map(nearest -> "; the nearest is '" + nearest + "'")
                                        .orElse("")));
    }

    /** Returns the words of the command line that say the same as the entry. */
    private static List<String> words(
            ConfigFile file, ConfigFile.Entry entry, ArgSpec target, Supplier<CommandLine> command) {
        boolean several = target.isMultiValue();
        if (!several && entry.values().size() != 1) {
            throw file.wrong(entry.line(), "key '" + entry.key() + "' has one value and no array");
        }
        List<String> words = new ArrayList<>();
        for (ConfigFile.Value value : entry.values()) {
            boolean takesFlag = target.typeInfo().isBoolean();
            if (!value.parts().isEmpty() && !target.paramLabel().contains("[,")) {
                throw file.wrong(
                        value.line(), "'" + entry.key() + "' has a table; only an option with parts takes one");
            }
            if (takesFlag != value.flag()) {
                throw file.wrong(
                        value.line(),
                        "key '" + entry.key() + "' is "
                                + (takesFlag
                                        ? "true or false, without quotes"
                                        : "no switch: write " + target.paramLabel() + " in quotes"));
            }
            if (takesFlag && value.text().equals("false")) {
                continue;
            }
            String word = word(target, value, takesFlag);
            words.add(word);
            complaint(lenient(command.get(), List.of(word))).ifPresent(message -> {
                throw wrong(file, entry, value, message, target, command);
            });
        }
        return words;
    }

    /** Returns the error for a value: of a table with the line of the key that is wrong, if one is wrong by itself. */
    private static UsageException wrong(
            ConfigFile file,
            ConfigFile.Entry entry,
            ConfigFile.Value value,
            String message,
            ArgSpec target,
            Supplier<CommandLine> command) {
        String reason = reason(message, value.text());
        for (ConfiguredTable.Part part : value.parts()) {
            String first = value.parts().getFirst().word();
            String alone = part.word().equals(first) ? first : first + "," + part.word();
            String word = word(target, ConfigFile.Value.plain(alone, false, part.line()), false);
            boolean same = complaint(lenient(command.get(), List.of(word)))
                    .map(complaint -> reason(complaint, alone))
                    .filter(reason::equals)
                    .isPresent();
            if (same) {
                return file.wrong(
                        part.line(), "key '" + Names.printable(part.key()) + "' of '" + entry.key() + "': " + reason);
            }
        }
        return file.wrong(value.line(), "key '" + entry.key() + "': " + message);
    }

    /** Returns a complaint without the value that it begins with. */
    private static String reason(String complaint, String value) {
        String quoted = "'" + value + "'";
        int end = complaint.startsWith(quoted) ? complaint.indexOf("; ", quoted.length()) : -1;
        return end < 0 ? complaint : complaint.substring(end + 2);
    }

    private static String word(ArgSpec target, ConfigFile.Value value, boolean flag) {
        if (!(target instanceof OptionSpec option)) {
            return value.text().startsWith("-") ? "./" + value.text() : value.text();
        }
        return flag ? option.longestName() : option.longestName() + "=" + value.text();
    }

    /** Parses a part of a line: what is missing is no error. */
    private static ParseResult lenient(CommandLine command, List<String> words) {
        command.getCommandSpec().parser().collectErrors(true);
        return command.parseArgs(words.toArray(String[]::new));
    }

    private static Optional<String> complaint(ParseResult result) {
        return result.errors().stream()
                .filter(error -> !(error instanceof MissingParameterException))
                .map(error ->
                        INVALID.matcher(String.valueOf(error.getMessage())).replaceFirst(""))
                .findFirst();
    }
}
