package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Sizes;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeGrowth;
import java.io.IOException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code holdfast grow}. */
@Command(
        name = "grow",
        description = "Make a volume larger, also while it is served.",
        footer = {
            "",
            "A volume cannot shrink. A crash meanwhile leaves the old size or the new one, and loses nothing.",
            "A volume that was formatted with --preallocate takes all space of the added part at once, or does not grow."
        })
final class GrowCommand extends VolumeCommand {
    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = SizeChange.Converter.class,
            description =
                    "Its new size, as in 2T, or how much to add, as in +100G. A file gets longer if need be, sparsely; a block device must be so large"
                            + " already. Default: all of what the file or device has now.")
    private @Nullable SizeChange change;

    GrowCommand(CliContext context) {
        super(context, true);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        VolumeGrowth growth = volume.grow(change == null ? 0 : wanted(change, volume));
        output().print(
                        context().out(),
                        Json.object(
                                "device",
                                device().toString(),
                                "size_bytes_before",
                                growth.before(),
                                "size_bytes",
                                growth.after()),
                        out -> show(out, growth));
        return ExitCode.OK;
    }

    private static long wanted(SizeChange change, Volume volume) throws IOException {
        if (change.kind() == SizeChange.Kind.TAKE) {
            throw new UsageException("a volume can grow, and cannot shrink");
        }
        long wanted = change.of(volume.info().size());
        if (wanted == 0) {
            throw new UsageException("a volume cannot have 0 bytes; leave out --size to take all that is there");
        }
        return wanted;
    }

    private void show(PrintStream out, VolumeGrowth growth) {
        out.println(
                growth.after() == growth.before()
                        ? device() + " has " + Sizes.exact(growth.after()) + " already; nothing was changed"
                        : "grew " + device() + " from " + Sizes.exact(growth.before()) + " to "
                                + Sizes.exact(growth.after()));
    }
}
