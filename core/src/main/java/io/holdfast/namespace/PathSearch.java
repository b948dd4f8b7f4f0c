package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks for a path of each of a few inodes, for messages: under the name that was seen last, and then in the directories,
 * from the root on. The volume may be damaged, so this throws nothing; it says what it could not read.
 *
 * <p>Invariant: it reads a bounded number of entries, and enters no directory twice.
 */
final class PathSearch {
    private static final int PAGE = 256;
    /** What asking for a page costs, in entries: an empty directory is read, too. */
    private static final int PAGE_COST = 64;
    /** On a disk that fails each page may take seconds. */
    private static final int UNREADABLE_MAX = 4;

    private final Directories directories;
    private final Set<Long> wanted;
    private final Map<Long, String> found = new HashMap<>();
    private final Set<Long> entered = new HashSet<>();
    private final Deque<Level> open = new ArrayDeque<>();
    private int entriesLeft;
    private boolean unreadable;
    private int unreadablePages;

    /** A directory and how far it has been read. */
    private record Level(long directory, String path, byte[] after) {}

    PathSearch(Directories directories, Set<Long> inodes, int entriesMax) {
        this.directories = directories;
        this.wanted = new HashSet<>(inodes);
        this.entriesLeft = entriesMax;
    }

    /** Takes the names under which files were seen last. */
    void takeLast(Lookup lookup) {
        for (long inode : Set.copyOf(wanted)) {
            try {
                String path = lookup.rememberedPath(inode);
                if (path != null) {
                    note(inode, path);
                }
            } catch (HoldfastException e) {
                unreadable = true;
            }
        }
    }

    FoundPaths run() {
        enter(NamespaceKeys.ROOT, "");
        Level level = open.poll();
        while (level != null && !wanted.isEmpty() && entriesLeft > 0 && unreadablePages < UNREADABLE_MAX) {
            Level rest = page(level);
            if (rest != null) {
                open.push(rest);
            }
            level = open.poll();
        }
        return new FoundPaths(Map.copyOf(found), unreadable, wanted.isEmpty() || level == null);
    }

    /** Reads some entries of a directory; returns the rest of it, null if that is all. */
    private @Nullable Level page(Level level) {
        try {
            int limit = Math.min(PAGE, entriesLeft);
            var entries = directories.list(level.directory, level.after, limit);
            entriesLeft -= entries.size() + PAGE_COST;
            for (DirectoryEntry entry : entries) {
                String path = level.path + "/" + entry.name();
                note(entry.inode(), path);
                if (entry.kind() == FileKind.DIRECTORY) {
                    enter(entry.inode(), path);
                }
            }
            return entries.size() < limit
                    ? null
                    : new Level(
                            level.directory,
                            level.path,
                            Names.entry(entries.getLast().name()));
        } catch (HoldfastException e) {
            unreadable = true;
            unreadablePages++;
            return null;
        }
    }

    private void enter(long directory, String path) {
        if (entered.add(directory)) {
            open.add(new Level(directory, path, new byte[0]));
        }
    }

    private void note(long inode, String path) {
        if (wanted.remove(inode)) {
            found.put(inode, path);
        }
    }
}
