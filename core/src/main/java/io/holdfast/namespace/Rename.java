package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FileKind;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The rules of {@code rename(2)}. */
final class Rename {
    private final Directories directories;
    private final Inodes inodes;
    private final Parents parents;
    private final Unlink unlink;

    Rename(Directories directories, Inodes inodes, Parents parents, Unlink unlink) {
        this.directories = directories;
        this.inodes = inodes;
        this.parents = parents;
        this.unlink = unlink;
    }

    /**
     * Moves a name. A file or an empty directory at the target loses its name. Returns false if there is nothing to do.
     */
    boolean run(NamespaceChange change, Place from, Place to, Instant now) throws HoldfastException {
        Entry moved = directories.find(from.directory(), from.name());
        if (moved == null) {
            throw new HoldfastException(ErrorCode.NOT_FOUND, from.shown() + " does not exist");
        }
        inodes.read(moved);
        Entry replaced = directories.find(to.directory(), to.name());
        if (replaced != null && replaced.inode() == moved.inode()) {
            // Either one name twice, or two names of one file: POSIX keeps both.
            return false;
        }
        if (moved.isDirectory() && parents.isWithin(to.directory(), moved.inode())) {
            throw new HoldfastException(
                    ErrorCode.INVALID, "cannot move " + from.shown() + " into itself as " + to.shown());
        }
        checkReplaceable(moved, replaced, to.shown());

        change.remove(NamespaceKeys.entry(from.directory(), from.name()));
        change.put(NamespaceKeys.entry(to.directory(), to.name()), Directories.encode(moved));
        Orphan orphan = replaced == null ? null : unlink.drop(change, replaced, now);
        int left = moved.isDirectory() ? -1 : 0;
        int arrived = (moved.isDirectory() ? 1 : 0) - (replaced != null && replaced.isDirectory() ? 1 : 0);
        if (from.directory() == to.directory()) {
            parents.touch(change, to.directory(), left + arrived, now);
        } else {
            parents.touch(change, from.directory(), left, now);
            parents.touch(change, to.directory(), arrived, now);
        }
        change.update(
                moved.inode(),
                r -> r.kind() == FileKind.DIRECTORY
                        ? r.withParent(to.directory()).changed(now)
                        : r.changed(now));
        change.commit(replaced != null);
        unlink.finish(orphan);
        return true;
    }

    /** Gives an orphan that is open the name {@code to}. A file that is there loses this name. */
    void nameOrphan(NamespaceChange change, Entry named, Place to, Instant now) throws HoldfastException {
        Entry replaced = directories.find(to.directory(), to.name());
        checkReplaceable(named, replaced, to.shown());
        change.remove(NamespaceKeys.orphan(named.inode()));
        change.put(NamespaceKeys.entry(to.directory(), to.name()), Directories.encode(named));
        Orphan orphan = replaced == null ? null : unlink.drop(change, replaced, now);
        parents.touch(change, to.directory(), 0, now);
        change.update(named.inode(), r -> r.withLinks(1).changed(now));
        change.commit(replaced != null);
        unlink.finish(orphan);
    }

    private void checkReplaceable(Entry moved, @Nullable Entry replaced, String path) throws HoldfastException {
        if (replaced == null) {
            return;
        }
        if (replaced.isDirectory() && !moved.isDirectory()) {
            throw new HoldfastException(ErrorCode.IS_A_DIRECTORY, path + " is a directory");
        }
        if (moved.isDirectory() && !replaced.isDirectory()) {
            throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, path + " is not a directory");
        }
        if (replaced.isDirectory() && !directories.isEmpty(replaced.inode())) {
            throw new HoldfastException(ErrorCode.DIRECTORY_NOT_EMPTY, path + " is not empty");
        }
    }
}
