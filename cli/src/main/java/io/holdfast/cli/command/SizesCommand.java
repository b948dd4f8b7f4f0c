package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** What {@code ls} and {@code du} share: they list the sizes of a directory or a file, of the root if none is named. */
abstract class SizesCommand extends VolumeCommand {
    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "PATH",
            defaultValue = "/",
            converter = PathArgument.class,
            description = "The directory or file. Default: ${DEFAULT-VALUE}")
    private VolumePath given;

    @Mixin
    private ReadableOption readable;

    SizesCommand(CliContext context) {
        super(context, false);
    }

    /** Returns the path that was given, as {@link VolumePath#in}. */
    final String givenIn(Volume volume) throws HoldfastException {
        return given.in(volume);
    }

    /** Returns a size, unsigned, as the user wants to see it. */
    final String size(long bytes) {
        return readable.show(bytes);
    }
}
