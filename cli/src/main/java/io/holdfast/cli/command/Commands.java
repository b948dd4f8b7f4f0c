package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.ProductVersion;
import io.holdfast.cli.demo.DemoCommand;
import io.holdfast.cli.demo.ScribbleCommand;
import io.holdfast.cli.serve.ServeCommand;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** The tree of commands. */
public final class Commands {
    private Commands() {}

    private static final Map<String, Function<CliContext, HoldfastCommand>> SUBCOMMANDS = subcommands();

    /** The commands that say in words what they did. */
    private static final Set<String> REPORTING = Set.of(
            "format", "create", "cp", "resize", "import", "export", "check", "rescue", "grow", "trim", "disconnect");

    /** Options of the commands that may stand before the name of the command, too. */
    private static final Set<String> COMMON = Set.of("--json", "--debug", "-q", "--quiet");

    private static Map<String, Function<CliContext, HoldfastCommand>> subcommands() {
        Map<String, Function<CliContext, HoldfastCommand>> commands = new LinkedHashMap<>();
        commands.put("format", FormatCommand::new);
        commands.put("create", CreateCommand::new);
        commands.put("mkdir", MkdirCommand::new);
        commands.put("ls", LsCommand::new);
        commands.put("du", DuCommand::new);
        commands.put("stat", StatCommand::new);
        commands.put("cp", CpCommand::new);
        commands.put("mv", MvCommand::new);
        commands.put("rm", RmCommand::new);
        commands.put("resize", ResizeCommand::new);
        commands.put("import", ImportCommand::new);
        commands.put("export", ExportCommand::new);
        commands.put("serve", ServeCommand::new);
        commands.put("check", CheckCommand::new);
        commands.put("jobs", JobsCommand::new);
        commands.put("top", TopCommand::new);
        commands.put("clients", ClientsCommand::new);
        commands.put("disconnect", DisconnectCommand::new);
        commands.put("rescue", RescueCommand::new);
        commands.put("df", DfCommand::new);
        commands.put("info", InfoCommand::new);
        commands.put("grow", GrowCommand::new);
        commands.put("trim", TrimCommand::new);
        commands.put("resume", ResumeCommand::new);
        commands.put("demo", DemoCommand::new);
        commands.put("scribble", ScribbleCommand::new);
        return commands;
    }

    /** Returns the names of the visible commands, in the order of the help. */
    public static List<String> shown() {
        return SUBCOMMANDS.keySet().stream()
                .filter(name -> !name.equals("scribble"))
                .toList();
    }

    /** Returns the names of the visible commands and of help. */
    static Set<String> names() {
        Set<String> names = new TreeSet<>(shown());
        names.add("help");
        return names;
    }

    /**
     * Builds a parser for the options and arguments of one command.
     *
     * @throws IllegalArgumentException if there is no such command
     */
    public static CommandLine named(CliContext context, String name) {
        Function<CliContext, HoldfastCommand> make = SUBCOMMANDS.get(name);
        if (make == null) {
            throw new IllegalArgumentException("there is no command " + name);
        }
        return parser(make.apply(context));
    }

    /**
     * Builds the parser for this command line. Each command costs some milliseconds, because picocli reads its
     * annotations. So a line that begins with the name of a command gets only that command, and a request for the
     * version gets none. All other lines, such as help and mistakes, get all commands.
     */
    public static CommandLine tree(CliContext context, String... args) {
        CommandLine root = new CommandLine(new Root().spec());
        Function<CliContext, HoldfastCommand> only = args.length == 0 ? null : SUBCOMMANDS.get(args[0]);
        if (only != null) {
            root.addSubcommand(args[0], parser(only.apply(context)));
        } else if (args.length != 1 || !List.of("-V", "--version").contains(args[0])) {
            SUBCOMMANDS.forEach((name, make) -> root.addSubcommand(name, parser(make.apply(context))));
            root.addSubcommand(new HelpCommand());
            root.getCommandSpec().usageMessage().exitCodeList(exitCodes());
        }
        return root;
    }

    /** Makes the parser of a command. Its help is {@code -h}, too, unless the command shows sizes and has its own {@code -h}. */
    private static CommandLine parser(HoldfastCommand command) {
        CommandLine line = new CommandLine(command);
        CommandSpec spec = line.getCommandSpec();
        String[] names = spec.optionsMap().containsKey("-h") ? new String[] {"--help"} : new String[] {"-h", "--help"};
        spec.addOption(OptionSpec.builder(names)
                .usageHelp(true)
                .description("Show this help and end.")
                .build());
        List<String> footer = new ArrayList<>(List.of(spec.usageMessage().footer()));
        footer.addAll(List.of("", Examples.LABEL + Examples.of(spec.name())));
        spec.usageMessage().footer(footer.toArray(String[]::new));
        if (REPORTING.contains(spec.name())) {
            spec.addOption(OptionSpec.builder("-q", "--quiet")
                    .type(boolean.class)
                    .setter(new QuietSetter(command.output()))
                    .description(
                            "Report nothing if all was done, and show no progress. Errors and findings are reported.")
                    .build());
        }
        return line;
    }

    /** Passes the option on. */
    private record QuietSetter(OutputOptions output) implements ISetter {
        @Override
        public <T> T set(T value) {
            output.setQuiet(Boolean.TRUE.equals(value));
            return value;
        }
    }

    /**
     * Returns the line with the options that stand before the name of the command behind it. A line that has other options there
     * stays as it is, and the parser says what is wrong.
     */
    public static String[] nameFirst(String... args) {
        int name = 0;
        while (name < args.length && COMMON.contains(args[name])) {
            name++;
        }
        if (name == 0 || name == args.length || !SUBCOMMANDS.containsKey(args[name])) {
            return args;
        }
        String[] line = args.clone();
        System.arraycopy(args, 0, line, 1, name);
        line[0] = args[name];
        return line;
    }

    /**
     * The command without a subcommand: only help and version. This builds it in code, not from annotations, because
     * the virtual machine makes a class for each kind of annotation that it reads.
     */
    private static final class Root implements Runnable {
        private final CommandSpec spec =
                CommandSpec.wrapWithoutInspection(this).name("holdfast").version("holdfast " + ProductVersion.get());

        private CommandSpec spec() {
            spec.addOption(OptionSpec.builder("-h", "--help")
                    .usageHelp(true)
                    .description("Show this help message and exit.")
                    .build());
            spec.addOption(OptionSpec.builder("-V", "--version")
                    .versionHelp(true)
                    .description("Print version information and exit.")
                    .build());
            spec.usageMessage()
                    .autoWidth(true)
                    .description("A copy-on-write file system in user space for VM disks, checksummed always.")
                    .commandListHeading("%nCommands:%n")
                    .footerHeading("%nSizes such as 4G, 512MiB or 1.5T: K M G T P E and KiB MiB … are powers of 1024,"
                            + " KB MB … of 1000.%n"
                            + "A volume that is being served can be used by every command at the same time.%n")
                    .footer("", Examples.LABEL + Examples.of("format"))
                    .exitCodeListHeading("%nExit codes:%n");
            return spec;
        }

        @Override
        public void run() {
            throw new ParameterException(spec.commandLine(), "a command is needed, such as 'holdfast format'");
        }
    }

    private static Map<String, String> exitCodes() {
        Map<String, String> codes = new LinkedHashMap<>();
        for (ExitCode code : ExitCode.values()) {
            codes.put(String.format("%3d", code.status()), code.meaning());
        }
        return codes;
    }
}
