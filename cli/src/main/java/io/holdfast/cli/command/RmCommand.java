package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.InUse;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast rm}. */
@Command(
        name = "rm",
        description = "Remove files and empty directories; with -r, directories with all that is in them.")
final class RmCommand extends VolumeCommand {
    private static final int PAGE = 256;

    @Parameters(
            index = "1..*",
            paramLabel = "PATH",
            converter = PathArgument.class,
            arity = "1..*",
            description = "What to remove; several, one after the other.")
    private List<VolumePath> given;

    @Option(
            names = {"-r", "--recursive"},
            description = "Remove a directory and everything in it.")
    private boolean recursive;

    @Option(names = "-f", description = "No error if nothing is there.")
    private boolean quiet;

    @Option(names = "--force", description = "As -f and --disconnect together.")
    private boolean force;

    @Mixin
    private DisconnectOption disconnect;

    private long removed;

    RmCommand(CliContext context) {
        super(context, true);
    }

    @Override
    protected void requireSense() {
        if (given.stream().anyMatch(VolumePath::isRoot)) {
            throw new UsageException("the root directory cannot be removed; remove what is in it by name, or make the"
                    + " volume empty with 'holdfast format --force'");
        }
    }

    /** Removes one path after the other, and goes on if one cannot be removed, as rm(1) does. */
    @Override
    protected ExitCode run(Volume volume) throws IOException {
        ExitCode exit = ExitCode.OK;
        for (VolumePath path : given) {
            try {
                remove(volume, path);
            } catch (HoldfastException e) {
                if (given.size() == 1) {
                    throw e;
                }
                ExitCode failure = errors().report(e);
                exit = exit == ExitCode.OK ? failure : exit;
            }
        }
        if (exit != ExitCode.OK) {
            volume.sync();
        }
        return exit;
    }

    private void remove(Volume volume, VolumePath given) throws HoldfastException {
        InUse inUse = force ? InUse.CUT_OFF : disconnect.inUse();
        String path = given.path();
        removed = 0;
        CutOffs cutOffs = new CutOffs(context().out(), output().json());
        // Claim the whole tree first, so that a tree with a file in use is refused as a whole.
        try (FileClaim claim = volume.claim(List.of(given.in(volume)), inUse)) {
            cutOffs.tell(claim);
            if (recursive && volume.status(path).kind() == FileKind.DIRECTORY) {
                removeTree(volume, path);
            } else {
                volume.remove(path);
                removed++;
            }
        } catch (HoldfastException e) {
            if (!(force || quiet) || e.code() != ErrorCode.NOT_FOUND) {
                throw e;
            }
        }
        output().print(
                        context().out(),
                        Json.object("path", path, "removed", removed, CutOffs.MEMBER, cutOffs.json()),
                        out -> {});
    }

    /** Removes a tree depth first, with an explicit stack. A directory is removed once its listing is empty. */
    private void removeTree(Volume volume, String path) throws HoldfastException {
        Deque<String> pending = new ArrayDeque<>();
        pending.push(path);
        try (ProgressLine progress = lateProgress("rm", ProgressLine.Unit.FILES)) {
            while (!pending.isEmpty()) {
                context().cancel().check();
                String directory = pending.element();
                if (!removeFiles(volume, directory, pending, progress)) {
                    continue;
                }
                pending.pop();
                volume.remove(directory);
                removed++;
            }
        }
    }

    /** Removes the files of a directory. On meeting a subdirectory, pushes it on the stack and returns false. */
    private boolean removeFiles(Volume volume, String directory, Deque<String> pending, Progress progress)
            throws HoldfastException {
        for (List<DirectoryEntry> page = volume.list(directory, "", PAGE);
                !page.isEmpty();
                page = volume.list(directory, "", PAGE)) {
            for (DirectoryEntry entry : page) {
                context().cancel().check();
                String child = Names.join(directory, entry.name());
                if (entry.kind() == FileKind.DIRECTORY) {
                    pending.push(child);
                    return false;
                }
                volume.remove(child);
                removed++;
                progress.update(removed, -1);
            }
        }
        return true;
    }
}
