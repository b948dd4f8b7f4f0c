package io.holdfast.cli;

import io.holdfast.cli.host.ProcessArguments;
import java.util.Arrays;

/** The entry point of the {@code holdfast} command. */
public final class Main {
    private Main() {}

    /** Runs one command and ends the process with its exit status. */
    public static void main(String[] args) {
        System.exit(run(Engine.HOLDFAST, args));
    }

    /** Runs one command on volumes of {@code engine} as this process. */
    static int run(Engine engine, String... args) {
        CliContext context = CliContext.ofProcess(engine);
        int status = ExitCode.FAILURE.status();
        try {
            status = new HoldfastCli(context).run(ProcessArguments.asGiven(args));
        } catch (OutOfMemoryError | StackOverflowError | UsageException e) {
            status = new ErrorReporter(context.err(), false, Arrays.asList(args).contains("--json"))
                    .report(e)
                    .status();
        } finally {
            context.out().flush();
            context.cancel().finish(status);
        }
        return status;
    }
}
