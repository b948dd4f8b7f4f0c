package io.holdfast.cli.rescue;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.NumberSet;
import io.holdfast.cli.copy.CopyResult;
import io.holdfast.cli.copy.Exporter;
import io.holdfast.cli.copy.SyncBatch;
import io.holdfast.cli.copy.Target;
import io.holdfast.cli.copy.Targets;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Copies all that can be read of a volume into an empty directory: first what names lead to, from the root on, then every
 * other file, into {@code lost+found}.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Every inode is copied once; a directory is entered once, so a damaged one cannot lead it round in circles.
 *   <li>It writes below the target only: it makes each directory itself, follows no link, and replaces nothing.
 *   <li>What it holds is one page of each directory on the way down, a bit for each inode, and the first names of {@link
 *       #LINKED_MAX} files with several.
 * </ul>
 */
public final class Rescue {
    private static final String FOUND = "lost+found";
    private static final int PAGE = 1024;
    /** Of more files than these with several names, each name gets a copy of its own. */
    private static final int LINKED_MAX = 20_000;
    /** Below this much room in the target's file system, a failed write ends the rescue. */
    private static final long ROOM_MIN = 16L << 20;

    private final Inodes inodes;
    private final Path target;
    private final Targets targets;
    private final SyncBatch syncs;
    private final LostList lost;
    private final Cancellation cancel;
    private final Exporter exporter;
    private final NumberSet seen = new NumberSet();
    private final Map<Long, Path> linked = new HashMap<>();
    private long files;
    private long directories;
    private long links;
    private long bytes;
    private long nameless;
    private long unverified;

    /** A directory that is being copied: what it is called in the volume, where its copy is, and how far it has come. */
    private record Level(String path, Path copy, DirectoryCursor entries) {}

    private Rescue(
            Inodes inodes,
            Path target,
            Targets targets,
            SyncBatch syncs,
            LostList lost,
            Progress progress,
            Cancellation cancel) {
        this.syncs = syncs;
        this.inodes = inodes;
        this.target = target;
        this.targets = targets;
        this.lost = lost;
        this.cancel = cancel;
        this.exporter = new Exporter((done, size) -> progress.update(bytes + written(), 0), cancel, true);
    }

    private long written() {
        return exporter.written();
    }

    /**
     * Copies a volume that was opened for a rescue. All that it has made is durable when it returns.
     *
     * @param target an empty directory
     * @param targets leave it to {@code syncs} to make files durable
     * @param progress hears how many bytes were copied
     * @throws IOException if the target takes no more
     */
    public static RescueResult run(
            Volume volume, Path target, Targets targets, SyncBatch syncs, Progress progress, Cancellation cancel)
            throws IOException {
        RescueResult result = run(volume, target, targets, syncs, progress, cancel, LostList.create(target));
        syncs.addDirectory(target);
        Path parent = target.getParent();
        if (parent != null) {
            syncs.addDirectory(parent);
        }
        syncs.sync();
        return result;
    }

    /**
     * Makes the target with those directories above it that are missing. They are durable once {@code syncs} has been synced,
     * which {@link #run} does.
     */
    public static void makeTarget(Path target, SyncBatch syncs) throws IOException {
        List<Path> made = new ArrayList<>();
        for (Path each = target.toAbsolutePath();
                each != null && !Files.exists(each, LinkOption.NOFOLLOW_LINKS);
                each = each.getParent()) {
            made.add(each);
        }
        Files.createDirectories(target);
        for (Path each : made) {
            syncs.addDirectory(each);
            Path parent = each.getParent();
            if (parent != null) {
                syncs.addDirectory(parent);
            }
        }
    }

    private static RescueResult run(
            Volume volume,
            Path target,
            Targets targets,
            SyncBatch syncs,
            Progress progress,
            Cancellation cancel,
            LostList list)
            throws IOException {
        try (LostList lost = list) {
            Rescue rescue = new Rescue(volume.inodes(), target, targets, syncs, lost, progress, cancel);
            rescue.seen.add(Inodes.ROOT);
            rescue.tree("", target, Inodes.ROOT);
            rescue.directoriesWithoutNames();
            rescue.filesWithoutNames();
            for (String damage : volume.damage()) {
                lost.add(damage);
            }
            return rescue.result();
        }
    }

    private RescueResult result() {
        return new RescueResult(files, directories, links, bytes, nameless, unverified, lost.places(), lost.bytes());
    }

    /** Copies a directory with all below it; its copy is there. */
    private void tree(String path, Path copy, long directory) throws IOException {
        Deque<Level> levels = new ArrayDeque<>();
        levels.push(new Level(path, copy, inodes.cursor(directory)));
        while (!levels.isEmpty()) {
            cancel.check();
            Level level = levels.element();
            Optional<DirectoryEntry> next;
            try {
                next = level.entries.next();
            } catch (HoldfastException e) {
                lost.add(shown(level.path) + ": the directory cannot be read any further: " + e.getMessage());
                next = Optional.empty();
            }
            if (next.isEmpty()) {
                levels.pop();
                continue;
            }
            DirectoryEntry entry = next.get();
            String entryPath = level.path + "/" + entry.name();
            Path place = placeOf(level.copy, entry, entryPath);
            FileKind kind = kindOf(entry);
            if (kind != FileKind.DIRECTORY) {
                leaf(entryPath, place, entry.inode(), kind);
            } else if (seen.add(entry.inode())) {
                makeDirectory(entryPath, place, entry.inode())
                        .ifPresent(made -> levels.push(new Level(entryPath, made, inodes.cursor(entry.inode()))));
            } else {
                lost.add(entryPath + ": a second name of directory " + entry.inode() + ", which no directory can have");
            }
        }
    }

    /** Returns what an entry leads to, or, if that cannot be read, what the entry says of it. */
    private FileKind kindOf(DirectoryEntry entry) {
        try {
            return inodes.status(entry.inode()).kind();
        } catch (HoldfastException e) {
            return entry.kind(); // Copying it reports the error.
        }
    }

    private static String shown(String path) {
        return path.isEmpty() ? "/" : path;
    }

    /** Returns where the copy of an entry goes: into {@code lost+found} if the host does not take its name. */
    private Path placeOf(Path directory, DirectoryEntry entry, String path) throws IOException {
        boolean own = directory.equals(target)
                && (entry.name().equals(FOUND) || entry.name().equals(LostList.NAME));
        if (!own) {
            try {
                Path place = directory.resolve(entry.name());
                if (place.getParent() != null && place.getParent().equals(directory)) {
                    return place;
                }
            } catch (InvalidPathException e) {
                // The host cannot have such a name.
            }
        }
        Path place = nameless(entry.inode());
        lost.note(path + ": its copy is " + target.relativize(place) + ", since the target cannot have its name");
        return place;
    }

    /** Returns the place in {@code lost+found} for an inode. */
    private Path nameless(long inode) throws IOException {
        Path found = target.resolve(FOUND);
        if (!Files.isDirectory(found, LinkOption.NOFOLLOW_LINKS)) {
            createDirectory(found);
        }
        nameless++;
        return found.resolve("inode-" + Long.toUnsignedString(inode));
    }

    private Optional<Path> makeDirectory(String path, Path place, long inode) throws IOException {
        try {
            createDirectory(place);
            directories++;
            return Optional.of(place);
        } catch (FileSystemException e) {
            refused(path, e);
        }
        Path other = nameless(inode);
        lost.note(path + ": its copy is " + target.relativize(other));
        createDirectory(other);
        directories++;
        return Optional.of(other);
    }

    private void createDirectory(Path place) throws IOException {
        Files.createDirectory(place);
        syncs.addDirectory(place);
        made(place);
    }

    /** Has the directory made durable that something was made in. */
    private void made(Path place) throws IOException {
        Path directory = place.getParent();
        if (directory != null) {
            syncs.addDirectory(directory);
        }
    }

    /** Copies a file or a symbolic link. */
    private void leaf(String path, Path place, long inode, FileKind kind) throws IOException {
        boolean first = seen.add(inode);
        Path before = linked.get(inode);
        if (before != null) {
            link(path, place, before);
        } else if (kind == FileKind.SYMLINK) {
            symlink(path, place, inode);
        } else {
            file(path, place, inode, first);
        }
    }

    private void link(String path, Path place, Path before) throws IOException {
        try {
            Files.createLink(place, before);
            made(place);
            links++;
        } catch (UnsupportedOperationException | FileSystemException e) {
            lost.note(path + ": has the contents of " + target.relativize(before) + "; a link cannot be made: " + e);
        }
    }

    private void symlink(String path, Path place, long inode) throws IOException {
        try {
            Files.createSymbolicLink(place, Path.of(inodes.readLink(inode)));
            made(place);
            links++;
        } catch (HoldfastException e) {
            unreadable(path, e);
        } catch (InvalidPathException | UnsupportedOperationException e) {
            lost.add(path + ": the target of the link cannot be written: " + e.getMessage());
        } catch (FileSystemException e) {
            refused(path, e);
        }
    }

    /** Copies a file: to its place, or, if the target does not take it there, into {@code lost+found}. */
    private void file(String path, Path place, long inode, boolean first) throws IOException {
        try {
            copy(path, place, inode, first);
        } catch (FileSystemException e) {
            requireRoom(e);
            if (place.startsWith(target.resolve(FOUND))) {
                refused(path, e);
            } else {
                fileElsewhere(path, inode, first, e);
            }
        }
    }

    private void fileElsewhere(String path, long inode, boolean first, FileSystemException why) throws IOException {
        Path other = nameless(inode);
        try {
            copy(path, other, inode, first);
            lost.note(path + ": its copy is " + target.relativize(other) + ", since the target refuses its name: "
                    + why.getMessage());
        } catch (FileSystemException e) {
            nameless--;
            refused(path, e);
        }
    }

    private void copy(String path, Path place, long inode, boolean first) throws IOException {
        FileStatus status;
        try (StoredFile file = inodes.open(inode)) {
            status = file.status();
            long size = file.size();
            if (size < 0) {
                lost.add(path + ": is larger than a file of the host can be (8 EiB)");
                return;
            }
            CopyResult result;
            try (Target to = targets.open(place, false, size)) {
                result = exporter.run(file, size, to);
            }
            files++;
            bytes += result.written();
            lost.add(path, result.losses());
            if (!file.checksummed()) {
                unverified++;
                lost.note(path + ": has no checksums, so nothing says whether what was read is right");
            }
        } catch (HoldfastException e) {
            unreadable(path, e);
            return;
        }
        if (first && status.links() > 1 && linked.size() < LINKED_MAX) {
            linked.put(inode, place);
        }
    }

    /** Notes what the volume no longer has. */
    private void unreadable(String path, HoldfastException e) throws IOException {
        switch (e.code()) {
            case CHECKSUM_MISMATCH, DAMAGED, DEVICE_ERROR, STALE, INVALID, IS_A_DIRECTORY, NOT_FOUND ->
                lost.add(path + ": cannot be read: " + e.getMessage());
            default -> throw e;
        }
    }

    /** Notes what the target does not take; fails if it takes nothing any more. */
    private void refused(String path, FileSystemException e) throws IOException {
        requireRoom(e);
        lost.add(path + ": cannot be written: " + e.getMessage());
    }

    /** Fails if the target takes nothing any more. */
    private void requireRoom(FileSystemException e) throws IOException {
        // What was copied of the file is gone from the target by now, so the room that is left says little.
        String why = String.valueOf(e.getMessage());
        boolean full = why.contains("No space left") || why.contains("quota exceeded");
        if (full || Files.getFileStore(target).getUsableSpace() < ROOM_MIN) {
            throw e;
        }
    }

    // ---- what no name leads to ----

    /** Does something with each inode that has not been copied. */
    private void forEachUnseen(Step step) throws IOException {
        long after = 0;
        List<Long> numbers = new ArrayList<>(inodes.numbers(after, PAGE));
        while (!numbers.isEmpty()) {
            for (long inode : numbers) {
                cancel.check();
                if (!seen.contains(inode)) {
                    step.take(inode);
                }
            }
            after = numbers.getLast();
            numbers = inodes.numbers(after, PAGE);
        }
    }

    private interface Step {
        void take(long inode) throws IOException;
    }

    private void directoriesWithoutNames() throws IOException {
        forEachUnseen(inode -> {
            long top = topOf(inode);
            directoryWithoutName(top);
            if (top != inode && !seen.contains(inode)) {
                directoryWithoutName(inode);
            }
        });
    }

    /** Returns the directory highest above a directory that no name has led to. */
    private long topOf(long inode) {
        NumberSet way = new NumberSet();
        long top = inode;
        try {
            while (way.add(top)) {
                long parent = inodes.parent(top);
                if (seen.contains(parent)) {
                    break;
                }
                top = parent;
            }
        } catch (HoldfastException e) {
            return top; // What is above it is no directory, or cannot be read.
        }
        return top;
    }

    private void directoryWithoutName(long inode) throws IOException {
        if (isDirectory(inode) && seen.add(inode)) {
            Path place = nameless(inode);
            createDirectory(place);
            directories++;
            String path = FOUND + "/" + place.getFileName();
            lost.add(path + ": the directory's name cannot be read");
            tree(path, place, inode);
        }
    }

    /** Returns whether an inode is a directory, or has the names of one although its record cannot be read. */
    private boolean isDirectory(long inode) {
        try {
            return inodes.status(inode).kind() == FileKind.DIRECTORY;
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.STALE) {
                return false;
            }
        }
        try {
            return !inodes.list(inode, "", 1).isEmpty();
        } catch (HoldfastException e) {
            return false;
        }
    }

    private void filesWithoutNames() throws IOException {
        forEachUnseen(inode -> {
            FileKind kind;
            try {
                kind = inodes.status(inode).kind();
            } catch (HoldfastException e) {
                if (e.code() != ErrorCode.STALE) {
                    lost.add("inode " + Long.toUnsignedString(inode) + ": cannot be read: " + e.getMessage());
                }
                return;
            }
            Path place = nameless(inode);
            String path = FOUND + "/" + place.getFileName();
            lost.add(path + ": its name cannot be read");
            leaf(path, place, inode, kind);
        });
    }
}
