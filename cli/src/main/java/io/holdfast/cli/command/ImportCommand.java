package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.copy.CopyResult;
import io.holdfast.cli.copy.Importer;
import io.holdfast.cli.copy.Source;
import io.holdfast.cli.copy.Sources;
import io.holdfast.cli.copy.StreamSource;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast import}. The one command whose volume is not its first argument. */
@Command(name = "import", description = "Copy a file or disk image into a volume; holes and zeroes become holes.")
final class ImportCommand extends CopyCommand {
    @Parameters(index = "0", paramLabel = "FILE", description = "The file or block device; - is standard input.")
    private String file;

    @Parameters(
            index = "1",
            paramLabel = "VOLUME",
            converter = HostPath.class,
            description = "The file or block device that holds the volume.")
    private Path device;

    @Parameters(
            index = "2",
            paramLabel = "PATH",
            converter = PathArgument.class,
            description = "The new file in the volume.")
    private VolumePath given;

    @Option(
            names = {"--force", "--overwrite"},
            description = "Replace a file that is there, once the new one is whole.")
    private boolean force;

    @Mixin
    private DisconnectOption disconnect;

    @Option(names = "--no-checksum", description = "Keep no checksums of this file's data.")
    private boolean noChecksum;

    ImportCommand(CliContext context) {
        super(context);
    }

    @Override
    protected ExitCode run() throws IOException {
        String path = given.ofFile();
        try (Source source = openSource();
                Cancellation.Guard guard = context().cancel().guard();
                Volume volume = open(guard, device, false)) {
            CutOffs cutOffs = new CutOffs(context().out(), output().json());
            CopyResult result = copy(source, volume, path, cutOffs);
            output().print(
                            context().out(),
                            Json.object(
                                    "path",
                                    path,
                                    "size_bytes",
                                    result.size(),
                                    "written_bytes",
                                    result.written(),
                                    "seconds",
                                    result.nanos() / 1e9,
                                    CutOffs.MEMBER,
                                    cutOffs.json()),
                            out -> out.println("imported " + Names.printable(path) + ": " + Sizes.show(result.size())
                                    + ", " + Sizes.show(result.written()) + " of it data, in "
                                    + Durations.show(result.nanos()) + ", flushed"));
        }
        return ExitCode.OK;
    }

    private Source openSource() throws IOException {
        return file.equals("-") ? StreamSource.standardInput(context().in()) : Sources.open(HostPath.of(file), device);
    }

    private CopyResult copy(Source source, Volume volume, String path, CutOffs cutOffs)
            throws HoldfastException, IOException {
        CreateOptions options = noChecksum ? CreateOptions.file().withoutChecksum() : CreateOptions.file();
        try (ProgressLine progress = progress("import", source.size())) {
            return new Importer(volume, progress, context().cancel())
                    .run(source, path, options, force, disconnect.inUse(), cutOffs::tell);
        }
    }
}
