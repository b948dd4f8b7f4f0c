package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.copy.CopyResult;
import io.holdfast.cli.copy.Exporter;
import io.holdfast.cli.copy.Loss;
import io.holdfast.cli.copy.Losses;
import io.holdfast.cli.copy.StreamTarget;
import io.holdfast.cli.copy.Target;
import io.holdfast.cli.copy.Targets;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast export}. */
@Command(
        name = "export",
        description = "Copy a file out of a volume into a sparse file.",
        footer = {
            "",
            "A file that is written to meanwhile is copied as each part is found; stop its writers for an exact copy.",
            "Exit codes: 'holdfast --help' lists them."
        })
final class ExportCommand extends CopyCommand {
    @Parameters(
            index = "0",
            paramLabel = "VOLUME",
            converter = HostPath.class,
            description = "The file or block device that holds the volume.")
    private Path device;

    @Parameters(
            index = "1",
            paramLabel = "PATH",
            converter = PathArgument.class,
            description = "The file in the volume.")
    private VolumePath given;

    @Parameters(
            index = "2",
            paramLabel = "FILE",
            description = "The new file, or a block device; - is standard output.")
    private String file;

    @Option(
            names = {"--force", "--overwrite"},
            description = "Replace a file that is there, or overwrite a block device.")
    private boolean force;

    @Option(
            names = "--keep-going",
            description = "Go past what cannot be read: leave it zero, list it, and end with exit code 7.")
    private boolean keepGoing;

    @Option(
            names = "--format",
            paramLabel = "raw|qcow2|raw.zst",
            converter = ExportFormat.Converter.class,
            description =
                    "How FILE has the bytes: as they are (the default), as an image of QEMU, or compressed by zstd.")
    private ExportFormat format = ExportFormat.RAW;

    ExportCommand(CliContext context) {
        super(context);
    }

    @Override
    protected ExitCode run() throws IOException {
        String path = given.ofFile();
        try (Cancellation.Guard guard = context().cancel().guard();
                Volume volume = open(guard, device, true);
                StoredFile source = volume.open(path)) {
            CopyResult result = copy(source, path);
            Losses losses = result.losses();
            losses.listed().forEach(loss -> context().err().println("holdfast: " + Names.printable(text(path, loss))));
            // If the file goes to standard output, the report goes to standard error.
            PrintStream report = file.equals("-") ? context().err() : context().out();
            output().print(
                            report,
                            Json.object(
                                    "path", path,
                                    "size_bytes", result.size(),
                                    "format", format.title(),
                                    "written_bytes", result.written(),
                                    "unreadable_bytes", losses.bytes(),
                                    "unreadable_count", losses.ranges(),
                                    "unreadable",
                                            losses.listed().stream()
                                                    .map(loss -> text(path, loss))
                                                    .toList(),
                                    "unreadable_ranges",
                                            losses.listed().stream()
                                                    .map(loss -> Json.object(
                                                            "offset_bytes",
                                                            loss.offset(),
                                                            "length_bytes",
                                                            loss.length()))
                                                    .toList(),
                                    "seconds", result.nanos() / 1e9),
                            out -> report(out, path, result));
            if (output().quiet() && !losses.isEmpty()) {
                context().err().println("holdfast: " + Names.printable(path) + ": " + text(losses));
            }
            return losses.isEmpty() ? ExitCode.OK : ExitCode.DAMAGED;
        }
    }

    private static String text(String path, Loss loss) {
        return path + ": " + loss.text();
    }

    private CopyResult copy(StoredFile source, String path) throws IOException {
        long size = source.size();
        if (size < 0) {
            throw new HoldfastException(
                    ErrorCode.FILE_TOO_LARGE,
                    path + " has " + Sizes.show(size) + ", more than a file outside a volume can have (8 EiB)");
        }
        try (Cancellation.Guard guard = context().cancel().guard();
                Target target = guard.of(openTarget(size));
                ProgressLine progress = progress("export", size)) {
            return new Exporter(progress, context().cancel(), keepGoing).run(source, size, target);
        }
    }

    private Target openTarget(long size) throws IOException {
        Targets targets = new Targets(device, context().engine()::claim);
        if (!file.equals("-")) {
            return format.over(targets, HostPath.ofFile(file), force, size);
        }
        targets.requireOtherOutput();
        return format.over(StreamTarget.standardOutput(context().out()));
    }

    private void report(PrintStream out, String path, CopyResult result) {
        out.println("exported " + Names.printable(path) + (format == ExportFormat.RAW ? "" : " as " + format.title())
                + ": " + Sizes.show(result.size()) + ", " + Sizes.show(result.written()) + " of it data, in "
                + Durations.show(result.nanos()));
        Losses losses = result.losses();
        if (losses.isEmpty()) {
            return;
        }
        out.println(text(losses));
        out.println(DamageAdvice.TEXT);
    }

    private static String text(Losses losses) {
        long more = losses.ranges() - losses.listed().size();
        return Sizes.show(losses.bytes()) + " in " + losses.ranges() + (losses.ranges() == 1 ? " place" : " places")
                + " could not be read and are zero in the copy"
                + (more == 0 ? "" : "; " + more + " of these places are not listed");
    }
}
