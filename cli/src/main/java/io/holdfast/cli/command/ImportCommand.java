package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.copy.BoundedSource;
import io.holdfast.cli.copy.CopyResult;
import io.holdfast.cli.copy.Importer;
import io.holdfast.cli.copy.Source;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.image.ImageSources;
import io.holdfast.cli.peer.NbdUri;
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
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast import}. The one command whose volume is not its first argument. */
@Command(
        name = "import",
        description = "Copy a file or disk image into a volume; holes and zeroes become holes.",
        footer = {
            "",
            "What FILE is shows in its contents. Images (qcow2, vmdk, vdi, vhdx, vhd, and more) are converted by QEMU's"
                    + " programs, and gzip, xz, zstd and bzip2 are decompressed, without a copy in between.",
            "Exit codes: 'holdfast --help' lists them."
        })
final class ImportCommand extends CopyCommand {
    @Parameters(
            index = "0",
            paramLabel = "FILE",
            description = "The file or block device; - is standard input; or nbd://HOST[:PORT]/EXPORT,"
                    + " nbd+unix:///EXPORT?socket=PATH.")
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

    @Mixin
    private ReplaceOptions replace;

    @Option(names = "--no-checksum", description = "Keep no checksums of this file's data.")
    private boolean noChecksum;

    @Option(
            names = "--format",
            paramLabel = "auto|raw",
            description = "raw: take the bytes as they are, whatever they look like. auto, the default: look.")
    private SourceFormat format = SourceFormat.AUTO;

    @Option(
            names = "--max-size",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "Take no more than SIZE: a larger source is an error, and leaves nothing.")
    private Optional<Long> maxSize = Optional.empty();

    /** What the user says of the file. */
    private enum SourceFormat {
        AUTO,
        RAW
    }

    ImportCommand(CliContext context) {
        super(context);
    }

    @Override
    protected ExitCode run() throws IOException {
        String path = given.ofFile();
        try (Cancellation.Guard sourceGuard = context().cancel().guard();
                ImageSources.Opened opened = openSource(sourceGuard);
                Cancellation.Guard guard = context().cancel().guard();
                Volume volume = open(guard, device, false)) {
            CutOffs cutOffs = new CutOffs(context().out(), output().json());
            CopyResult result = copy(bounded(opened.source()), volume, path, cutOffs);
            output().print(
                            context().out(),
                            Json.object(
                                    "path",
                                    path,
                                    "size_bytes",
                                    result.size(),
                                    "source_format",
                                    opened.format(),
                                    "written_bytes",
                                    result.written(),
                                    "seconds",
                                    result.nanos() / 1e9,
                                    CutOffs.MEMBER,
                                    cutOffs.json()),
                            out -> out.println("imported " + Names.printable(path) + from(opened.format()) + ": "
                                    + Sizes.show(result.size())
                                    + ", " + Sizes.show(result.written()) + " of it data, in "
                                    + Durations.show(result.nanos()) + ", flushed"));
        }
        return ExitCode.OK;
    }

    private static String from(String format) {
        return format.equals("raw") ? "" : " from " + format;
    }

    private ImageSources.Opened openSource(Cancellation.Guard guard) throws IOException {
        if (NbdUri.isOne(file)) {
            return new ImageSources.Opened(NbdUri.parse(file).open(guard), "nbd");
        }
        ImageSources sources = new ImageSources(format == SourceFormat.RAW, guard);
        return file.equals("-") ? sources.standardInput(context().in()) : sources.open(HostPath.of(file), device);
    }

    private Source bounded(Source source) throws HoldfastException {
        return maxSize.isEmpty() ? source : new BoundedSource(source, sourceName(), maxSize.get());
    }

    private String sourceName() {
        return file.equals("-") ? "standard input" : file;
    }

    private CopyResult copy(Source source, Volume volume, String path, CutOffs cutOffs)
            throws HoldfastException, IOException {
        CreateOptions options = noChecksum ? CreateOptions.file().withoutChecksum() : CreateOptions.file();
        try (ProgressLine progress = progress("import", source.progressTotal())) {
            return new Importer(volume, progress, context().cancel())
                    .run(source, path, options, replace.force(), replace.inUse(), cutOffs::tell);
        }
    }
}
