package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Sizes;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast create}. */
@Command(name = "create", description = "Make a file, all of it a hole, for a virtual disk.")
final class CreateCommand extends VolumeCommand {
    @Parameters(
            index = "1",
            paramLabel = "PATH",
            converter = PathArgument.class,
            description = "The new file in the volume.")
    private VolumePath given;

    @Option(
            names = "--size",
            required = true,
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "Its size, as in 40G.")
    private long size;

    @Option(
            names = "--no-checksum",
            description = "Keep no checksums of this file's data: faster direct writes, and damage goes unnoticed.")
    private boolean noChecksum;

    CreateCommand(CliContext context) {
        super(context, true);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        String path = given.ofFile();
        CreateOptions options = CreateOptions.file().withSize(size);
        try (StoredFile file = volume.create(path, noChecksum ? options.withoutChecksum() : options)) {
            output().print(
                            context().out(),
                            Json.object(
                                    "path", path,
                                    "inode", file.inode(),
                                    "size_bytes", Json.unsigned(file.size()),
                                    "checksummed", file.checksummed()),
                            out -> out.println("created " + Names.printable(path) + ", " + Sizes.exact(size)));
        }
        return ExitCode.OK;
    }
}
