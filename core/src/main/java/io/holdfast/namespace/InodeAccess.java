package io.holdfast.namespace;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import java.util.List;

/**
 * The files of a namespace by inode number, as {@link io.holdfast.volume.Inodes} has them. Thread-safe. The caller has
 * kept each number, so it may be stale. Every method calls {@link Lookup#kept} first, which finds that out.
 */
public final class InodeAccess {
    private final NamespaceLock lock;
    private final Lookup lookup;
    private final Directories directories;
    private final LinkTargets targets;
    private final Attributes attributes;
    private final NameChanges changes;
    private final InodeNumberScan numbers;
    private final DamagePolicy policy;

    InodeAccess(
            NamespaceLock lock,
            Lookup lookup,
            Directories directories,
            LinkTargets targets,
            Attributes attributes,
            NameChanges changes,
            InodeNumberScan numbers,
            DamagePolicy policy) {
        this.numbers = numbers;
        this.policy = policy;
        this.lock = lock;
        this.lookup = lookup;
        this.directories = directories;
        this.targets = targets;
        this.attributes = attributes;
        this.changes = changes;
    }

    public Inode lookup(long directory, String name) throws HoldfastException {
        return lock.read(() -> {
            lookup.keptDirectory(directory);
            Entry entry = lookup.find(directory, name);
            if (entry == null) {
                throw new HoldfastException(
                        ErrorCode.NOT_FOUND, "'%s' in inode %d does not exist".formatted(name, directory));
            }
            return lookup.inode(entry);
        });
    }

    public Inode status(long inode) throws HoldfastException {
        return lock.read(() -> new Inode(inode, lookup.kept(inode)));
    }

    public long parent(long directory) throws HoldfastException {
        return lock.read(() -> lookup.keptDirectory(directory).parent());
    }

    /** Throws unless a directory with this number exists. */
    public void requireDirectory(long directory) throws HoldfastException {
        lock.read(() -> lookup.keptDirectory(directory));
    }

    public List<DirectoryEntry> list(long directory, String after, int limit) throws HoldfastException {
        byte[] afterName = Directories.after(after, limit);
        return lock.read(() -> {
            try {
                lookup.keptDirectory(directory);
            } catch (HoldfastException e) {
                policy.met(e);
            }
            return directories.list(directory, afterName, limit);
        });
    }

    /** Returns up to {@code limit} numbers of inodes greater than {@code after}, with a name or without. */
    public List<Long> numbers(long after, int limit) throws HoldfastException {
        return lock.read(() -> numbers.after(after, limit));
    }

    public String readLink(long inode) throws HoldfastException {
        return lock.read(() -> {
            InodeRecord record = lookup.kept(inode);
            if (record.kind() != FileKind.SYMLINK) {
                throw new HoldfastException(ErrorCode.INVALID, "inode " + inode + " is not a symbolic link");
            }
            return targets.read(inode, record);
        });
    }

    /** Opens a regular file. */
    public <T> T open(long inode, FileOpener<T> opener) throws HoldfastException {
        return lock.read(() -> {
            InodeRecord record = lookup.kept(inode);
            return switch (record.kind()) {
                case REGULAR -> opener.open(inode, lookup.lastPath(inode));
                case DIRECTORY ->
                    throw new HoldfastException(ErrorCode.IS_A_DIRECTORY, "inode " + inode + " is a directory");
                case SYMLINK ->
                    throw new HoldfastException(ErrorCode.INVALID, "inode " + inode + " is a symbolic link");
            };
        });
    }

    /** Creates a regular file and opens it. If this throws, there is no file. */
    public <T> T create(long directory, String name, CreateOptions options, NewFileOpener<T> opener)
            throws HoldfastException {
        return lock.change(now -> changes.create(lookup.place(directory, name), options, opener, now));
    }

    public Inode mkdir(long directory, String name, CreateOptions options) throws HoldfastException {
        return lock.change(now -> made(changes.mkdir(lookup.place(directory, name), options, now)));
    }

    public Inode symlink(long directory, String name, String target) throws HoldfastException {
        byte[] bytes = LinkTargets.encode(target);
        return lock.change(now -> made(changes.symlink(lookup.place(directory, name), bytes, now)));
    }

    public Inode link(long inode, long directory, String name) throws HoldfastException {
        return lock.change(now -> {
            Entry entry = new Entry(inode, lookup.kept(inode).kind());
            changes.requireLinkable(entry, "inode " + inode);
            changes.link(entry, lookup.place(directory, name), now);
            return made(inode);
        });
    }

    private Inode made(long inode) throws HoldfastException {
        return new Inode(inode, lookup.kept(inode));
    }

    public void rename(long fromDirectory, String from, long toDirectory, String to, Namespace.Taking taking)
            throws HoldfastException {
        lock.run(now -> changes.rename(lookup.place(fromDirectory, from), lookup.place(toDirectory, to), taking, now));
    }

    public void remove(long directory, String name, Namespace.Taking taking) throws HoldfastException {
        lock.run(now -> changes.remove(lookup.place(directory, name), taking, now));
    }

    public void setAttributes(long inode, AttributeChange change) throws HoldfastException {
        lock.run(now -> {
            lookup.kept(inode);
            changes.setAttributes(inode, change, now);
        });
    }

    public void setXattr(long inode, String name, byte[] value) throws HoldfastException {
        lock.run(now -> {
            lookup.kept(inode);
            changes.setXattr(inode, name, value, now);
        });
    }

    public byte[] getXattr(long inode, String name) throws HoldfastException {
        return lock.read(() -> {
            lookup.kept(inode);
            return attributes.get(inode, name);
        });
    }

    public List<String> listXattrs(long inode) throws HoldfastException {
        return lock.read(() -> {
            lookup.kept(inode);
            return attributes.list(inode);
        });
    }

    public void removeXattr(long inode, String name) throws HoldfastException {
        lock.run(now -> {
            lookup.kept(inode);
            changes.removeXattr(inode, name, now);
        });
    }
}
