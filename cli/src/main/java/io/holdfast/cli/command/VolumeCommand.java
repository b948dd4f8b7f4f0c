package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A command on one volume, which a server may hold at the same time. */
public abstract class VolumeCommand extends HoldfastCommand {
    @Parameters(
            index = "0",
            paramLabel = "VOLUME",
            converter = HostPath.class,
            description = "The file or block device that holds the volume.")
    private Path device;

    @Mixin
    private MemoryOption memory;

    private final boolean writes;

    protected VolumeCommand(CliContext context, boolean writes) {
        super(context);
        this.writes = writes;
    }

    protected final Path device() {
        return device;
    }

    /** Returns the options to open the volume with. */
    final OpenOptions openOptions(boolean readOnly) {
        return memory.open(readOnly);
    }

    @Override
    protected ExitCode run() throws IOException {
        requireSense();
        Cancellation cancel = context().cancel();
        try (Cancellation.Guard guard = cancel.guard();
                Volume volume = open(guard)) {
            ExitCode exit = run(volume);
            if (writes && exit == ExitCode.OK) {
                volume.sync();
            }
            return exit;
        }
    }

    /** A volume that was not closed is recovered first. */
    private Volume open(Cancellation.Guard guard) throws IOException {
        try (ProgressLine recovery = lateProgress("recover", ProgressLine.Unit.BYTES)) {
            return guard.of(new VolumeAccess(context().engine(), context().cancel())
                    .open(device, memory.open(!writes).withRecovery(recovery)));
        }
    }

    /** Throws {@link io.holdfast.cli.UsageException} if the arguments make no sense together. Called before anything else. */
    protected void requireSense() {}

    /** Does the work. The caller makes the changes durable afterwards. */
    protected abstract ExitCode run(Volume volume) throws IOException;
}
