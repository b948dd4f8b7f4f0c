package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.demo.DemoCommand;
import io.holdfast.cli.demo.ScribbleCommand;
import io.holdfast.cli.serve.ServeCommand;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The tree of commands. */
public final class Commands {
    private Commands() {}

    /** The command without a subcommand: only help and version. */
    @Command(
            name = "holdfast",
            mixinStandardHelpOptions = true,
            version = "holdfast 0.1.0",
            usageHelpAutoWidth = true,
            description = "A copy-on-write file system in user space for VM disks, checksummed always.",
            commandListHeading = "%nCommands:%n",
            footerHeading = "%nSizes such as 4G, 512MiB or 1.5T: K M G T P E and KiB MiB … are powers of 1024,"
                    + " KB MB … of 1000.%n"
                    + "A volume that is being served can be used by every command at the same time.%n",
            exitCodeListHeading = "%nExit codes:%n")
    private static final class Root implements Runnable {
        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            throw new ParameterException(spec.commandLine(), "a command is needed, such as 'holdfast format'");
        }
    }

    /** Builds the command line. */
    public static CommandLine tree(CliContext context) {
        CommandLine root = new CommandLine(new Root());
        root.addSubcommand(new FormatCommand(context))
                .addSubcommand(new CreateCommand(context))
                .addSubcommand(new MkdirCommand(context))
                .addSubcommand(new LsCommand(context))
                .addSubcommand(new StatCommand(context))
                .addSubcommand(new MvCommand(context))
                .addSubcommand(new RmCommand(context))
                .addSubcommand(new ResizeCommand(context))
                .addSubcommand(new ImportCommand(context))
                .addSubcommand(new ExportCommand(context))
                .addSubcommand(new ServeCommand(context))
                .addSubcommand(new CheckCommand(context))
                .addSubcommand(new DfCommand(context))
                .addSubcommand(new InfoCommand(context))
                .addSubcommand(new DemoCommand(context))
                .addSubcommand(new ScribbleCommand(context))
                .addSubcommand(new HelpCommand());
        root.getCommandSpec().usageMessage().exitCodeList(exitCodes());
        return root;
    }

    private static Map<String, String> exitCodes() {
        Map<String, String> codes = new LinkedHashMap<>();
        for (ExitCode code : ExitCode.values()) {
            codes.put(String.format("%3d", code.status()), code.meaning());
        }
        return codes;
    }
}
