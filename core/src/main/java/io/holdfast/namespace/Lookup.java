package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds a name in a directory, the one step of which every walk is made. Finds the way back up, too: from an inode to
 * its path.
 */
final class Lookup {
    private static final int PAGE = 256;

    private final Directories directories;
    private final Inodes inodes;
    private final LastNames last = new LastNames();

    Lookup(Directories directories, Inodes inodes) {
        this.directories = directories;
        this.inodes = inodes;
    }

    /** Returns what a name in a directory leads to, or null. */
    @Nullable
    Entry find(long directory, String name) throws HoldfastException {
        Entry entry = directories.find(directory, Names.entry(name));
        if (entry != null) {
            last.note(entry.inode(), directory, name);
        }
        return entry;
    }

    /** Returns the record of an inode whose number the caller has kept; {@code STALE} if it has no name any more. */
    InodeRecord kept(long inode) throws HoldfastException {
        InodeRecord record = inodes.find(inode);
        if (record == null || record.links() == 0) {
            throw new HoldfastException(
                    ErrorCode.STALE, "inode " + Long.toUnsignedString(inode) + " is no file, or one that was removed");
        }
        return record;
    }

    /** Does as {@link #kept} for the number of a directory; {@code NOT_A_DIRECTORY} if it is not one. */
    InodeRecord keptDirectory(long inode) throws HoldfastException {
        InodeRecord record = kept(inode);
        if (record.kind() != FileKind.DIRECTORY) {
            throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, "inode " + inode + " is not a directory");
        }
        return record;
    }

    /** Returns the place of a name in a directory whose number the caller has kept. */
    Place place(long directory, String name) throws HoldfastException {
        byte[] bytes = Names.entry(name);
        keptDirectory(directory);
        return new Place(
                "'" + name + "' in inode " + directory,
                directory,
                bytes,
                () -> child(pathOfDirectory(directory), name));
    }

    /** Returns the inode that an entry leads to. */
    Inode inode(Entry entry) throws HoldfastException {
        return new Inode(entry.inode(), inodes.read(entry));
    }

    /** Returns the path under which a regular file was found last; null if that is not known or leads elsewhere now. */
    @Nullable
    String lastPath(long inode) throws HoldfastException {
        LastNames.Seen seen = last.of(inode);
        return seen != null && leads(seen.directory(), seen.name(), inode)
                ? child(pathOfDirectory(seen.directory()), seen.name())
                : null;
    }

    /** Does as {@link #lastPath}, but lists no directory: null if a name on the way was not seen lately. */
    @Nullable
    String rememberedPath(long inode) throws HoldfastException {
        StringBuilder path = new StringBuilder();
        Set<Long> above = new HashSet<>();
        for (long at = inode; at != NamespaceKeys.ROOT; ) {
            LastNames.Seen seen = last.of(at);
            if (seen == null || !above.add(at) || !leads(seen.directory(), seen.name(), at)) {
                return null;
            }
            path.insert(0, "/" + seen.name());
            at = seen.directory();
        }
        return path.toString();
    }

    /** Returns the path of a directory; empty for the root. */
    private String pathOfDirectory(long directory) throws HoldfastException {
        Deque<String> names = new ArrayDeque<>();
        Set<Long> seen = new HashSet<>();
        for (long at = directory; at != NamespaceKeys.ROOT; ) {
            if (!seen.add(at)) {
                throw Damage.inode(at, "its parents form a loop");
            }
            long parent = inodes.directory(at).parent();
            names.addFirst(nameIn(parent, at));
            at = parent;
        }
        StringBuilder path = new StringBuilder();
        names.forEach(name -> path.append('/').append(name));
        return path.toString();
    }

    private static String child(String directory, String name) {
        return directory + "/" + name;
    }

    /**
     * Returns the name of a directory in its parent. Reads all of the parent, if no lookup has found the directory
     * lately.
     */
    private String nameIn(long parent, long directory) throws HoldfastException {
        LastNames.Seen seen = last.of(directory);
        if (seen != null && seen.directory() == parent && leads(parent, seen.name(), directory)) {
            return seen.name();
        }
        List<DirectoryEntry> page = directories.list(parent, new byte[0], PAGE);
        while (!page.isEmpty()) {
            for (DirectoryEntry entry : page) {
                if (entry.inode() == directory) {
                    last.note(directory, parent, entry.name());
                    return entry.name();
                }
            }
            page = directories.list(parent, Names.entry(page.getLast().name()), PAGE);
        }
        throw Damage.inode(directory, "the directory that holds it, inode " + parent + ", has no name for it");
    }

    private boolean leads(long directory, String name, long inode) throws HoldfastException {
        Entry entry = directories.find(directory, Names.entry(name));
        return entry != null && entry.inode() == inode;
    }
}
