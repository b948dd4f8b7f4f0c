package io.holdfast.sim.workload;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.util.List;

/** A directory below the root, reached in one of the two ways that the engine offers: by path or by inode number. */
interface Directory {
    StoredFile open(String name) throws HoldfastException;

    StoredFile openDisk(String name) throws HoldfastException;

    StoredFile create(String name, CreateOptions options) throws HoldfastException;

    void mkdir(String name) throws HoldfastException;

    void link(String existing, String added) throws HoldfastException;

    void rename(String from, String to) throws HoldfastException;

    void remove(String name) throws HoldfastException;

    /** Returns the names in it, at most {@code limit}. */
    List<DirectoryEntry> list(int limit) throws HoldfastException;

    /** By path. */
    record ByPath(Volume volume, String path) implements Directory {
        private String of(String name) {
            return path + "/" + name;
        }

        @Override
        public StoredFile open(String name) throws HoldfastException {
            return volume.open(of(name));
        }

        @Override
        public StoredFile openDisk(String name) throws HoldfastException {
            return volume.openDisk(of(name));
        }

        @Override
        public StoredFile create(String name, CreateOptions options) throws HoldfastException {
            return volume.create(of(name), options);
        }

        @Override
        public void mkdir(String name) throws HoldfastException {
            volume.mkdir(of(name), CreateOptions.directory());
        }

        @Override
        public void link(String existing, String added) throws HoldfastException {
            volume.link(of(existing), of(added));
        }

        @Override
        public void rename(String from, String to) throws HoldfastException {
            volume.rename(of(from), of(to));
        }

        @Override
        public void remove(String name) throws HoldfastException {
            volume.remove(of(name));
        }

        @Override
        public List<DirectoryEntry> list(int limit) throws HoldfastException {
            return volume.list(path, "", limit);
        }
    }

    /** By inode number. What is removed must be stale by number once its last name is gone. */
    record ByNumber(Inodes inodes, long number) implements Directory {
        /** Finds a directory of the root. */
        static ByNumber of(Inodes inodes, String path) throws HoldfastException {
            return new ByNumber(
                    inodes, inodes.lookup(Inodes.ROOT, path.substring(1)).inode());
        }

        private long numberOf(String name) throws HoldfastException {
            return inodes.lookup(number, name).inode();
        }

        @Override
        public StoredFile open(String name) throws HoldfastException {
            return inodes.open(numberOf(name));
        }

        @Override
        public StoredFile openDisk(String name) throws HoldfastException {
            return inodes.openDisk(numberOf(name));
        }

        @Override
        public StoredFile create(String name, CreateOptions options) throws HoldfastException {
            return inodes.create(number, name, options);
        }

        @Override
        public void mkdir(String name) throws HoldfastException {
            inodes.mkdir(number, name, CreateOptions.directory());
        }

        @Override
        public void link(String existing, String added) throws HoldfastException {
            inodes.link(numberOf(existing), number, added);
        }

        @Override
        public void rename(String from, String to) throws HoldfastException {
            inodes.rename(number, from, number, to);
        }

        @Override
        public void remove(String name) throws HoldfastException {
            long removed = numberOf(name);
            inodes.remove(number, name);
            try {
                FileStatus left = inodes.status(removed);
                if (left.links() == 0) {
                    throw new ViolationException("%s is gone and inode %d is not stale".formatted(name, removed));
                }
            } catch (HoldfastException e) {
                // The removal itself has succeeded, so an error of this look is not its error.
                if (e.code() == ErrorCode.NOT_FOUND) {
                    throw new ViolationException("inode %d of %s: %s".formatted(removed, name, e.getMessage()), e);
                }
            }
        }

        @Override
        public List<DirectoryEntry> list(int limit) throws HoldfastException {
            return inodes.list(number, "", limit);
        }
    }
}
