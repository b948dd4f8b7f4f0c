package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.copy.SyncBatch;
import io.holdfast.cli.copy.Targets;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.rescue.Rescue;
import io.holdfast.cli.rescue.RescueResult;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code holdfast rescue}. */
@Command(
        name = "rescue",
        description = "Copy what can be read of a damaged volume into an empty directory.",
        footer = {
            "",
            "Takes volumes that do not open any more, and never writes to them. Files keep their names; what has none that"
                    + " can be read is in TARGET/lost+found. What cannot be read is zero in the copies. TARGET/LOST.txt lists"
                    + " what is lost.",
            "Exit code 7: something is damaged or lost. 'holdfast --help' lists the others."
        })
final class RescueCommand extends HoldfastCommand {
    @Parameters(
            index = "0",
            paramLabel = "VOLUME",
            converter = HostPath.class,
            description = "The file or block device that holds the volume. No server may have it open.")
    private Path device;

    @Parameters(
            index = "1",
            paramLabel = "TARGET",
            converter = HostPath.class,
            description = "A directory that is empty, or a new one.")
    private Path target;

    @Mixin
    private MemoryOption memory;

    @Mixin
    private ProgressOption progressOption;

    RescueCommand(CliContext context) {
        super(context);
    }

    @Override
    protected ExitCode run() throws IOException {
        requireEmpty();
        Cancellation cancel = context().cancel();
        try (Cancellation.Guard guard = cancel.guard();
                Volume volume = guard.of(
                        new VolumeAccess(context().engine(), cancel).openHere(device, memory.openToRescue()))) {
            long used = volume.usage().used();
            RescueResult result;
            try (SyncBatch syncs = new SyncBatch();
                    ProgressLine progress =
                            progressOption.start(context(), output(), "rescue", ProgressLine.Unit.BYTES, used)) {
                Rescue.makeTarget(target, syncs);
                Targets targets = new Targets(device, context().engine()::claim, syncs);
                result = Rescue.run(volume, target.toRealPath(), targets, syncs, progress, cancel);
            }
            if (result.lostPlaces() == 0) {
                output().print(context().out(), json(result), out -> show(out, result));
                return ExitCode.OK;
            }
            output().printAnyway(context().out(), json(result), out -> show(out, result));
            return ExitCode.DAMAGED;
        }
    }

    /** Refuses a target that has anything in it, before anything is done. */
    private void requireEmpty() throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, target + " is not a directory");
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(target)) {
            if (entries.iterator().hasNext()) {
                throw new HoldfastException(
                        ErrorCode.EXISTS, target + " is not empty; name an empty directory or a new one");
            }
        }
    }

    private Map<String, Object> json(RescueResult r) {
        return Json.object(
                "target", target.toString(),
                "files", r.files(),
                "directories", r.directories(),
                "links", r.links(),
                "written_bytes", r.bytes(),
                "nameless", r.nameless(),
                "unverified", r.unverified(),
                "lost_count", r.lostPlaces(),
                "lost_bytes", r.lostBytes());
    }

    private void show(PrintStream out, RescueResult r) {
        out.println("rescued " + count(r.files(), "file", "files") + " with " + Sizes.show(r.bytes()) + " of data, "
                + count(r.directories(), "directory", "directories") + " and " + count(r.links(), "link", "links")
                + " into " + target);
        if (r.nameless() > 0) {
            out.println(r.nameless() + " of them are in lost+found, without the names they had");
        }
        if (r.unverified() > 0) {
            out.println("without checksums: " + count(r.unverified(), "file", "files")
                    + "; nothing says whether what was read of them is right");
        }
        out.println(
                r.lostPlaces() == 0
                        ? "nothing is lost"
                        : "damaged or lost: " + count(r.lostPlaces(), "place", "places") + ", "
                                + Sizes.show(r.lostBytes()) + " of files are zero in the copies; "
                                + target.resolve("LOST.txt") + " lists them");
    }

    private static String count(long number, String one, String many) {
        return number + " " + (number == 1 ? one : many);
    }
}
