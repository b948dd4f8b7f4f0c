package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.copy.CopyResult;
import io.holdfast.cli.copy.Importer;
import io.holdfast.cli.copy.VolumeSource;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code holdfast cp}. */
@Command(
        name = "cp",
        description = "Copy a file within a volume; holes and zeroes become holes.",
        footer = {
            "",
            "A file that is written to meanwhile is copied as each part is found; stop its writers for an exact copy.",
            "Exit codes: 'holdfast --help' lists them."
        })
final class CpCommand extends VolumeCommand {
    @Parameters(index = "1", paramLabel = "FROM", converter = PathArgument.class, description = "The file to copy.")
    private VolumePath givenFrom;

    @Parameters(
            index = "2",
            paramLabel = "TO",
            converter = PathArgument.class,
            description = "The path of the copy, or a directory to copy it into.")
    private VolumePath givenTo;

    @Mixin
    private ReplaceOptions replace;

    @Mixin
    private ProgressOption progress;

    CpCommand(CliContext context) {
        super(context, true);
    }

    @Override
    protected boolean showsProgress() {
        return !progress.none();
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        String from = givenFrom.ofFile();
        String to = target(volume, from);
        CutOffs cutOffs = new CutOffs(context().out(), output().json());
        CopyResult result = copy(volume, from, to, cutOffs);
        output().print(
                        context().out(),
                        Json.object(
                                "from",
                                from,
                                "to",
                                to,
                                "size_bytes",
                                result.size(),
                                "written_bytes",
                                result.written(),
                                "seconds",
                                result.nanos() / 1e9,
                                CutOffs.MEMBER,
                                cutOffs.json()),
                        out -> out.println("copied " + Names.printable(from) + " to " + Names.printable(to) + ": "
                                + Sizes.show(result.size()) + ", " + Sizes.show(result.written()) + " of it data, in "
                                + Durations.show(result.nanos()) + ", flushed"));
        return ExitCode.OK;
    }

    private CopyResult copy(Volume volume, String from, String to, CutOffs cutOffs) throws IOException {
        try (StoredFile file = volume.open(from);
                VolumeSource source = new VolumeSource(file, from);
                ProgressLine line = progress.start(context(), output(), "cp", ProgressLine.Unit.BYTES, source.size())) {
            return new Importer(volume, line, context().cancel())
                    .run(source, to, like(volume.status(from)), replace.force(), replace.inUse(), cutOffs::tell);
        }
    }

    /** The copy has mode, owner and group of the file, and checksums if the file has them. */
    private static CreateOptions like(FileStatus file) {
        return new CreateOptions(0, file.checksummed(), file.mode(), file.uid(), file.gid());
    }

    /** Returns the path of the copy, and makes sure that the copy would not replace the file itself. */
    private String target(Volume volume, String from) throws HoldfastException {
        String to = VolumePaths.isDirectory(volume, givenTo.path())
                ? Names.join(givenTo.path(), Names.last(from))
                : givenTo.ofFile();
        long inode = volume.status(from).inode();
        if (VolumePaths.status(volume, to)
                .filter(there -> there.inode() == inode)
                .isPresent()) {
            throw new HoldfastException(
                    ErrorCode.INVALID, from + " and " + to + " are the same file; choose another name");
        }
        return to;
    }
}
