package io.holdfast.cli.manual;

import io.holdfast.cli.command.Examples;
import io.holdfast.cli.config.ConfiguredLine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The manual pages: one of each command, one of the program, one of the configuration file. */
final class ManualPages {
    private final CommandLine root;
    private final String version;

    ManualPages(CommandLine root, String version) {
        this.root = root;
        this.version = version;
    }

    /** Returns the pages by their file names. */
    Map<String, String> all() {
        Map<String, String> pages = new LinkedHashMap<>();
        pages.put("holdfast.1", program());
        for (CommandLine command : commands(root)) {
            pages.put("holdfast-" + command.getCommandName() + ".1", command(command));
        }
        pages.put("holdfast.toml.5", configuration(named(root, "serve")));
        return pages;
    }

    static CommandLine named(CommandLine root, String command) {
        return Objects.requireNonNull(root.getSubcommands().get(command), command);
    }

    /** Returns the commands that the help shows. */
    static List<CommandLine> commands(CommandLine root) {
        return root.getSubcommands().values().stream()
                .filter(command -> !Manuals.HIDDEN.contains(command.getCommandName()))
                .toList();
    }

    private String program() {
        CommandSpec spec = root.getCommandSpec();
        Roff page = new Roff("holdfast", 1, version);
        page.section("NAME")
                .paragraph("holdfast - " + sentence(words(spec.usageMessage().description())));
        page.section("SYNOPSIS").usage("holdfast COMMAND [OPTIONS] ARGUMENTS");
        page.section("COMMANDS");
        for (CommandLine command : commands(root)) {
            page.entry(
                    "holdfast-" + command.getCommandName() + "(1)",
                    command.getCommandSpec().usageMessage().description()[0]);
        }
        options(page, spec);
        page.section("NOTES")
                .paragraph("Sizes such as 4G, 512MiB or 1.5T: K M G T P E and KiB MiB ... are powers of 1024, KB MB ..."
                        + " of 1000. A volume that is being served can be used by every command at the same time.");
        exitCodes(page);
        page.section("ENVIRONMENT")
                .entry("HOLDFAST_JAVA_OPTS", "More flags for the Java virtual machine.")
                .entry("NO_COLOR", "If set, text has no colours or stress, not even on a terminal.")
                .entry("HOLDFAST_DEBUG", "If set, errors show where in the program they came from.");
        page.section("SEE ALSO").paragraph("holdfast.toml(5), the documentation in /usr/share/doc/holdfast");
        return page.toString();
    }

    private String command(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        String name = "holdfast-" + spec.name();
        Roff page = new Roff(name, 1, version);
        String[] description = spec.usageMessage().description();
        page.section("NAME").paragraph(name + " - " + sentence(description[0]));
        page.section("SYNOPSIS").usage("holdfast " + spec.name() + " [OPTIONS]" + arguments(spec));
        page.section("DESCRIPTION");
        for (String line : description) {
            page.paragraph(line);
        }
        for (String line : spec.usageMessage().footer()) {
            if (!line.isBlank() && !line.startsWith("Exit codes:") && !line.startsWith(Examples.LABEL)) {
                page.paragraph(line);
            }
        }
        if (!spec.positionalParameters().isEmpty()) {
            page.section("ARGUMENTS");
            for (PositionalParamSpec argument : spec.positionalParameters()) {
                page.entry(argument.paramLabel(), words(argument));
            }
        }
        options(page, spec);
        exitCodes(page);
        page.section("EXAMPLE").example(Examples.of(spec.name()));
        page.section("SEE ALSO").paragraph("holdfast(1)" + (spec.name().equals("serve") ? ", holdfast.toml(5)" : ""));
        return page.toString();
    }

    private String configuration(CommandLine serve) {
        Roff page = new Roff("holdfast.toml", 5, version);
        page.section("NAME").paragraph("holdfast.toml - options of holdfast-serve(1) in a file");
        page.section("DESCRIPTION")
                .paragraph("A file in TOML for 'holdfast serve --config FILE'. The unit holdfast@NAME.service reads"
                        + " /etc/holdfast/NAME.toml. Every option of holdfast-serve(1) is a key, without its dashes; its"
                        + " argument is a key as well. What stands on the command line wins. The file has no tables."
                        + " 'holdfast serve --config FILE --check-config' names mistakes with their line.");
        page.section("KEYS");
        for (ArgSpec key : ConfiguredLine.keys(serve)) {
            page.entry(ConfiguredLine.key(key) + " = " + ExampleConfig.value(key), words(key));
        }
        page.section("EXAMPLE").example(ExampleConfig.SHORT);
        page.section("SEE ALSO").paragraph("holdfast-serve(1), systemd.service(5), systemd.socket(5)");
        return page.toString();
    }

    private static String arguments(CommandSpec spec) {
        StringBuilder line = new StringBuilder();
        for (PositionalParamSpec argument : spec.positionalParameters()) {
            String word = argument.paramLabel() + (argument.isMultiValue() ? "..." : "");
            line.append(argument.required() ? " " + word : " [" + word + "]");
        }
        return line.toString();
    }

    private static void options(Roff page, CommandSpec spec) {
        page.section("OPTIONS");
        for (OptionSpec option : spec.options()) {
            if (!option.hidden()) {
                page.entry(term(option), words(option));
            }
        }
    }

    private static String term(OptionSpec option) {
        List<String> names = new ArrayList<>(List.of(option.names()));
        boolean flag = option.arity().max() == 0;
        return names.stream()
                .map(name -> flag ? name : name + (name.startsWith("--") ? "=" : " ") + option.paramLabel())
                .collect(Collectors.joining(", "));
    }

    private void exitCodes(Roff page) {
        page.section("EXIT STATUS");
        root.getCommandSpec()
                .usageMessage()
                .exitCodeList()
                .forEach((code, meaning) -> page.entry(code.strip(), meaning));
    }

    /** Returns what an option or argument means, with its default. */
    static String words(ArgSpec spec) {
        String defaultValue = String.valueOf(spec.defaultValue());
        return words(spec.description()).replace("${DEFAULT-VALUE}", defaultValue);
    }

    private static String words(String... lines) {
        return String.join(" ", lines);
    }

    /** The first words of the name line begin small and end without a dot. */
    private static String sentence(String words) {
        String text = words.endsWith(".") ? words.substring(0, words.length() - 1) : words;
        return text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
    }
}
