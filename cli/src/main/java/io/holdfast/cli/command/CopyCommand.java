package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What import and export share. */
abstract class CopyCommand extends HoldfastCommand {
    @Mixin
    private MemoryOption memory;

    @Option(names = "--no-progress", description = "Show no progress bar. There is none if stderr is not a terminal.")
    private boolean noProgress;

    CopyCommand(CliContext context) {
        super(context);
    }

    final Volume open(Path device, boolean readOnly) throws IOException {
        return new VolumeAccess(context().engine()).open(device, memory.open(readOnly));
    }

    final ProgressLine progress(String task, long total) {
        boolean shown = !noProgress && !output().json() && context().terminal().getAsBoolean();
        return ProgressLine.start(shown, context().err(), task, ProgressLine.Unit.BYTES, total);
    }
}
