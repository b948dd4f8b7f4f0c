package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.text.ProgressLine;
import picocli.CommandLine.Option;

/** Whether a long command shows its progress. */
final class ProgressOption {
    @Option(names = "--no-progress", description = "Show no progress bar. There is none if stderr is not a terminal.")
    private boolean none;

    boolean none() {
        return none;
    }

    /** Starts a progress bar, or a stand-in that shows nothing. */
    ProgressLine start(CliContext context, OutputOptions output, String task, ProgressLine.Unit unit, long total) {
        boolean shown =
                !none && !output.json() && !output.quiet() && context.terminal().getAsBoolean();
        return ProgressLine.start(shown, context.err(), task, unit, total);
    }
}
