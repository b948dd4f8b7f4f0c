package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.text.ProgressLine;
import picocli.CommandLine.Option;

/** Whether a command that takes long shows how far it is. */
final class ProgressOption {
    @Option(names = "--no-progress", description = "Show no progress bar. There is none if stderr is not a terminal.")
    private boolean none;

    /** Starts a progress bar, or what stands for one where none is to be shown. */
    ProgressLine start(CliContext context, OutputOptions output, String task, ProgressLine.Unit unit, long total) {
        boolean shown = !none && !output.json() && context.terminal().getAsBoolean();
        return ProgressLine.start(shown, context.err(), task, unit, total);
    }
}
