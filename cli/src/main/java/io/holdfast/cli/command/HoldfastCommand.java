package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ErrorReporter;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.host.StandardOutput;
import io.holdfast.cli.text.ProgressLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The options and the error reporting of all subcommands. */
@Command(
        usageHelpAutoWidth = true,
        footer = {"", "Exit codes: 'holdfast --help' lists them. Sizes: 4G, 512MiB, 1.5T."})
public abstract class HoldfastCommand implements Callable<Integer> {
    @Mixin
    private OutputOptions output;

    private final CliContext context;

    protected HoldfastCommand(CliContext context) {
        this.context = context;
    }

    protected final CliContext context() {
        return context;
    }

    protected final OutputOptions output() {
        return output;
    }

    @Override
    public final Integer call() throws Exception {
        return run().status();
    }

    /** Returns the reporter that follows this command's options. */
    public final ErrorReporter errors() {
        return new ErrorReporter(context.err(), output.debug(), output.json(), readsVolume());
    }

    /** Starts the progress bar of work that mostly takes no second. */
    final ProgressLine lateProgress(String task, ProgressLine.Unit unit) {
        return ProgressLine.startLate(
                () -> showsProgress()
                        && !output.json()
                        && !output.quiet()
                        && context.terminal().getAsBoolean(),
                context.err(),
                task,
                unit);
    }

    /** Returns whether the user lets the command show its progress. */
    protected boolean showsProgress() {
        return true;
    }

    /**
     * Ends a listing that nobody wants any more.
     *
     * @throws UncheckedIOException if the reader of the output has left, or the output cannot be written
     */
    protected final void requireWanted() {
        context.cancel().check();
        try {
            StandardOutput.requireWritten(context.out());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns whether the command reads what a volume has. */
    protected boolean readsVolume() {
        return true;
    }

    protected abstract ExitCode run() throws Exception;
}
