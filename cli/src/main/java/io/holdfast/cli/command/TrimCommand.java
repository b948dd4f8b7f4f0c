package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.cli.text.Sizes;
import io.holdfast.volume.Volume;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code holdfast trim}. */
@Command(
        name = "trim",
        description = "Give all free space of a volume back to its host, also while it is served.",
        footer = {
            "",
            "Of a volume file the free parts become holes, of a block device they are discarded. Nothing that the volume",
            "needs is touched. A server does this by itself some time after space has become free ('serve --discard');",
            "this command does not wait for that, and also finds what became free under an earlier server."
        })
final class TrimCommand extends VolumeCommand {
    @Mixin
    private ProgressOption progressOption;

    TrimCommand(CliContext context) {
        super(context, true);
    }

    @Override
    protected boolean showsProgress() {
        return !progressOption.none();
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        long start = System.nanoTime();
        long bytes;
        try (ProgressLine progress = progressOption.start(context(), output(), "trim", ProgressLine.Unit.BLOCKS, -1)) {
            bytes = volume.trim((done, total) -> {
                context().cancel().check();
                progress.update(done, total);
            });
        }
        long nanos = System.nanoTime() - start;
        output().print(
                        context().out(),
                        Json.object("device", device().toString(), "bytes", bytes, "nanos", nanos),
                        out -> out.println("trimmed " + device() + ": gave back " + Sizes.exact(bytes)
                                + " of free space in " + Durations.show(nanos)));
        return ExitCode.OK;
    }
}
