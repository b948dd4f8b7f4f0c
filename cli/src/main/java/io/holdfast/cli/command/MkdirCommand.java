package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.text.Json;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast mkdir}. */
@Command(name = "mkdir", description = "Make a directory.")
final class MkdirCommand extends VolumeCommand {
    @Parameters(index = "1", paramLabel = "PATH", converter = PathArgument.class, description = "The new directory.")
    private VolumePath given;

    @Option(
            names = {"-p", "--parents"},
            description = "Make the directories above it as well; no error if it exists.")
    private boolean parents;

    MkdirCommand(CliContext context) {
        super(context, true);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        String path = given.path();
        if (parents) {
            makeAll(volume, path);
        } else {
            volume.mkdir(path, CreateOptions.directory());
        }
        output().print(context().out(), Json.object("path", path), out -> {});
        return ExitCode.OK;
    }

    private static void makeAll(Volume volume, String path) throws HoldfastException {
        for (int end = path.indexOf('/', 1); end >= 0; end = path.indexOf('/', end + 1)) {
            makeIfMissing(volume, path.substring(0, end));
        }
        makeIfMissing(volume, path);
    }

    private static void makeIfMissing(Volume volume, String directory) throws HoldfastException {
        try {
            volume.mkdir(directory, CreateOptions.directory());
        } catch (HoldfastException e) {
            boolean there =
                    e.code() == ErrorCode.EXISTS && volume.status(directory).kind() != FileKind.REGULAR;
            if (!there) {
                throw e;
            }
        }
    }
}
