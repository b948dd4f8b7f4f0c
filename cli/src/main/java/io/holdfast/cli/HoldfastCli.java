package io.holdfast.cli;

import io.holdfast.cli.Cancellation.CancelledException;
import io.holdfast.cli.command.Commands;
import io.holdfast.cli.command.HoldfastCommand;
import io.holdfast.cli.command.Misuse;
import io.holdfast.cli.command.WholeNumberConverter;
import io.holdfast.cli.config.ConfiguredLine;
import io.holdfast.cli.host.StandardOutput;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The whole command: parses, runs, reports errors. */
public final class HoldfastCli {
    private final CliContext context;
    private ConfiguredLine configured = ConfiguredLine.plain();

    public HoldfastCli(CliContext context) {
        this.context = context;
    }

    /** Runs one command line and returns its exit status. The status is not 0 if the output could not be written. */
    public int run(String... args) {
        int status = execute(args);
        try {
            StandardOutput.requireWritten(context.out());
            return status;
        } catch (IOException e) {
            if (status != 0) {
                return status; // one error was reported, perhaps this one
            }
            return new ErrorReporter(context.err(), false, asksForJson(args))
                    .report(e)
                    .status();
        }
    }

    private int execute(String... typed) {
        String[] given = Commands.nameFirst(typed);
        try {
            configured = ConfiguredLine.of(given, () -> prepared(Commands.named(context, given[0])));
        } catch (IOException | UsageException e) {
            return new ErrorReporter(context.err(), false, asksForJson(given))
                    .report(e)
                    .status();
        }
        String[] args = configured.arguments();
        CommandLine line = prepared(Commands.tree(context, args));
        line.setOut(new PrintWriter(context.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(context.err(), true, StandardCharsets.UTF_8));
        line.setParameterExceptionHandler(this::onMisuse);
        line.setExecutionExceptionHandler((e, command, _) -> onError(e, command).status());
        return line.execute(args);
    }

    private static CommandLine prepared(CommandLine line) {
        line.setCaseInsensitiveEnumValuesAllowed(true);
        // An argument that begins with @ is a name, not a file with more arguments.
        line.setExpandAtFiles(false);
        line.registerConverter(Integer.class, new WholeNumberConverter());
        line.registerConverter(int.class, new WholeNumberConverter());
        return line;
    }

    private int onMisuse(ParameterException e, String[] args) {
        boolean json = asksForJson(args);
        ExitCode exit = new ErrorReporter(context.err(), false, json)
                .report(new UsageException(configured.located(Misuse.message(e, args))));
        if (!json) {
            context.err().println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        }
        return exit.status();
    }

    private static boolean asksForJson(String... args) {
        return Arrays.asList(args).contains("--json");
    }

    /** Adds the place in the configuration file to what is said of an option that stands there. */
    private Exception located(Exception thrown) {
        return thrown instanceof UsageException misuse
                ? new UsageException(configured.located(String.valueOf(misuse.getMessage())))
                : thrown;
    }

    private ExitCode onError(Exception thrown, CommandLine line) {
        Exception e = context.cancel().isForced() ? new CancelledException() : located(thrown);
        return line.getCommand() instanceof HoldfastCommand command
                ? command.errors().report(e)
                : new ErrorReporter(context.err(), false, false).report(e);
    }
}
