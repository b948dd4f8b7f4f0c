package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;

/** What import and export share. */
abstract class CopyCommand extends HoldfastCommand {
    @Mixin
    private MemoryOption memory;

    @Mixin
    private ProgressOption progress;

    CopyCommand(CliContext context) {
        super(context);
    }

    final Volume open(Cancellation.Guard guard, Path device, boolean readOnly) throws IOException {
        try (ProgressLine recovery = lateProgress("recover", ProgressLine.Unit.BYTES)) {
            return guard.of(new VolumeAccess(context().engine(), context().cancel())
                    .open(device, memory.open(readOnly).withRecovery(recovery)));
        }
    }

    @Override
    protected boolean showsProgress() {
        return !progress.none();
    }

    final ProgressLine progress(String task, long total) {
        return progress.start(context(), output(), task, ProgressLine.Unit.BYTES, total);
    }
}
