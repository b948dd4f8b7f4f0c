package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.text.Names;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the paths of a few inodes by walking through the directories of a volume. The volume may be damaged; this never
 * throws because of that.
 *
 * <p>Invariants: this holds at most {@link #PATHS_MAX} paths and one page of each directory on the way. It visits at
 * most as many directories as the volume has, even if a damaged directory leads back to one above it.
 */
final class InodePaths {
    /** No more paths than this are kept. */
    static final int PATHS_MAX = 1000;

    private final Volume volume;
    private final Cancellation cancel;
    private final Map<Long, List<String>> found = new HashMap<>();
    private long directoriesLeft;
    private int paths;
    private boolean all = true;
    private boolean unreadable;

    private InodePaths(Volume volume, Cancellation cancel, long directories) {
        this.volume = volume;
        this.cancel = cancel;
        this.directoriesLeft = directories;
    }

    /** A directory that the walk is in. */
    private record Level(String path, long inode, DirectoryCursor cursor) {}

    /**
     * Looks for all names of {@code inodes}.
     *
     * @param directories how many the volume has
     */
    static InodePaths find(Volume volume, Set<Long> inodes, long directories, Cancellation cancel) {
        InodePaths result = new InodePaths(volume, cancel, directories);
        inodes.forEach(inode -> result.found.put(inode, new ArrayList<>()));
        if (!inodes.isEmpty()) {
            result.walk();
        }
        return result;
    }

    /** Returns names that are known already. */
    static InodePaths known(Volume volume, Map<Long, List<String>> names, Cancellation cancel) {
        InodePaths result = new InodePaths(volume, cancel, 0);
        result.found.putAll(names);
        return result;
    }

    /** Returns the paths of an inode that was looked for. */
    List<String> of(long inode) {
        return found.getOrDefault(inode, List.of());
    }

    /** Returns whether everything could be read, so that there are no other paths. */
    boolean all() {
        return all;
    }

    /** Returns whether a directory could not be read. */
    boolean unreadable() {
        return unreadable;
    }

    private void walk() {
        Deque<Level> levels = new ArrayDeque<>();
        enter(levels, VolumePath.ROOT, inodeOfRoot());
        while (!levels.isEmpty()) {
            cancel.check();
            Level level = levels.element();
            Optional<DirectoryEntry> next = next(level);
            if (next.isEmpty()) {
                levels.pop();
                continue;
            }
            DirectoryEntry entry = next.get();
            String path = Names.join(level.path, entry.name());
            note(entry.inode(), path);
            if (entry.kind() == FileKind.DIRECTORY) {
                enter(levels, path, entry.inode());
            }
        }
    }

    private long inodeOfRoot() {
        try {
            return volume.status(VolumePath.ROOT).inode();
        } catch (HoldfastException e) {
            all = false;
            unreadable = true;
            return -1;
        }
    }

    /**
     * Enters a directory unless the walk is inside it already: in a damaged volume a directory may lead to one above
     * it.
     */
    private void enter(Deque<Level> levels, String path, long inode) {
        if (levels.isEmpty()) {
            note(inode, path);
        }
        if (directoriesLeft <= 0 || levels.stream().anyMatch(level -> level.inode == inode)) {
            all = false;
            return;
        }
        directoriesLeft--;
        levels.push(new Level(path, inode, DirectoryCursor.of(volume, path)));
    }

    private Optional<DirectoryEntry> next(Level level) {
        try {
            return level.cursor.next();
        } catch (HoldfastException e) {
            all = false;
            unreadable = true;
            return Optional.empty();
        }
    }

    private void note(long inode, String path) {
        List<String> names = found.get(inode);
        if (names == null) {
            return;
        }
        if (paths == PATHS_MAX) {
            all = false;
            return;
        }
        paths++;
        names.add(path);
    }
}
