package io.holdfast.namespace;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;

/**
 * Directories, names, links and attributes of a volume, by path. Thread-safe. Paths and errors are those of {@link
 * io.holdfast.volume.Volume}; {@link NamespaceKeys} describes the items.
 *
 * <p>Each operation is implemented once, on inodes and on names in directories ({@link Lookup}, {@link NameChanges}).
 * This class walks a path down to them. {@link #inodes} begins with numbers.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Each method that changes something makes one commit: after a crash all of it is there or nothing. Only the
 *       attributes of a removed inode that do not fit into the commit follow in later ones, see {@link Unlink}.
 *   <li>Every change and every answer happens under the {@link NamespaceLock}.
 *   <li>The namespace changes the record of an open file only through {@link OpenInodes}.
 * </ul>
 */
public final class Namespace {
    private final NamespaceLock lock;
    private final Inodes inodes;
    private final Directories directories;
    private final LinkTargets targets;
    private final Attributes attributes;
    private final PathWalk paths;
    private final NameChanges changes;
    private final InodeAccess byNumber;
    private final Lookup lookup;

    public Namespace(MetadataStore store, InstantSource clock, InodeEvents events, OpenInodes open) {
        this(store, clock, events, open, DamagePolicy.STRICT);
    }

    /** @param policy for directories that can be listed in part */
    public Namespace(
            MetadataStore store, InstantSource clock, InodeEvents events, OpenInodes open, DamagePolicy policy) {
        this.lock = new NamespaceLock(clock);
        this.inodes = new Inodes(store, open);
        this.directories = new Directories(store, policy);
        this.targets = new LinkTargets(store);
        this.attributes = new Attributes(store);
        this.lookup = new Lookup(directories, inodes);
        this.paths = new PathWalk(lookup, inodes, targets);
        this.changes = new NameChanges(store, open, events, inodes, directories, targets, attributes);
        this.byNumber = new InodeAccess(
                lock, lookup, directories, targets, attributes, changes, new InodeNumberScan(store), policy);
    }

    /** Returns the items of an empty volume, in key order: the root directory, and where inode numbers start. */
    public static List<Item> formatItems(Instant now) {
        InodeRecord root = InodeRecord.newDirectory(NamespaceKeys.ROOT, 0755, 0, 0, now);
        return List.of(InodeNumbers.first(), new Item(NamespaceKeys.inode(NamespaceKeys.ROOT), root.encode()));
    }

    /** Returns the same files by their numbers. */
    public InodeAccess inodes() {
        return byNumber;
    }

    /**
     * Finishes removals that a crash interrupted, and reports every regular file without a name to {@link InodeEvents}.
     * Call it once, before anything else, on a volume that is opened for writing.
     */
    public void recover() throws HoldfastException {
        lock.run(now -> changes.recover());
    }

    /**
     * Looks for a path of each of a few inodes, for messages. Does not wait: while the namespace is being changed it finds
     * nothing.
     *
     * @param entriesMax reads no more entries of directories than so many
     */
    public FoundPaths findPaths(Set<Long> wanted, int entriesMax) {
        try {
            return lock.tryRead(
                    () -> {
                        PathSearch search = new PathSearch(directories, wanted, entriesMax);
                        search.takeLast(lookup);
                        return search.run();
                    },
                    FoundPaths.NONE);
        } catch (HoldfastException e) {
            throw new IllegalStateException("a search reports damage as its result", e);
        }
    }

    /** Returns the inode that a path leads to. */
    public long resolve(String path, boolean followLast) throws HoldfastException {
        return readAt(path, () -> paths.resolve(path, followLast).inode());
    }

    /** Returns the newest record of an inode. */
    public InodeRecord read(long inode) throws HoldfastException {
        return lock.read(() -> inodes.read(inode));
    }

    /** Returns the stored record of an inode. If the file is open, its record may be newer. */
    public InodeRecord stored(long inode) throws HoldfastException {
        return lock.read(() -> inodes.stored(inode));
    }

    /** Returns the newest record of what the path leads to. Does not follow a symbolic link at its end. */
    public Inode status(String path) throws HoldfastException {
        return readAt(path, () -> {
            Entry entry = paths.resolve(path, false);
            return new Inode(entry.inode(), inodes.read(entry));
        });
    }

    /** Opens a regular file. Follows symbolic links. */
    public <T> T open(String path, FileOpener<T> opener) throws HoldfastException {
        return readAt(path, () -> {
            PathWalk.Found found = paths.find(path, true);
            Entry entry = found.entry();
            if (entry.isDirectory()) {
                throw new HoldfastException(ErrorCode.IS_A_DIRECTORY, path + " is a directory");
            }
            inodes.read(entry);
            return opener.open(entry.inode(), found.path());
        });
    }

    /** Creates a regular file and opens it. If this throws, there is no file. */
    public <T> T create(String path, CreateOptions options, NewFileOpener<T> opener) throws HoldfastException {
        NameChanges.requireMode(options.mode());
        return lock.change(now -> changes.create(newPlace(path), options, opener, now));
    }

    /**
     * Creates a regular file without a name and opens it. The file is an orphan from the first moment on, so it is
     * freed after its last handle is closed, or after a crash.
     */
    public <T> T createUnnamed(CreateOptions options, UnnamedOpener<T> opener) throws HoldfastException {
        return lock.change(now -> changes.createUnnamed(options, opener, now));
    }

    /**
     * Gives an open file without a name its first one. The caller keeps the file open meanwhile.
     *
     * @param replace take the name from a file that has it; if false, that is {@code EXISTS}
     */
    public void link(long inode, String path, boolean replace) throws HoldfastException {
        link(inode, path, replace, Taking.ANY);
    }

    /** Does as {@link #link(long, String, boolean)}, if {@code taking} allows that the present file loses the name. */
    public void link(long inode, String path, boolean replace, Taking taking) throws HoldfastException {
        lock.run(now -> changes.name(inode, replace ? place(path) : newPlace(path), replace, taking, now));
    }

    public void mkdir(String path, CreateOptions options) throws HoldfastException {
        NameChanges.requireMode(options.mode());
        lock.run(now -> changes.mkdir(newPlace(path), options, now));
    }

    public void symlink(String path, String target) throws HoldfastException {
        byte[] bytes = LinkTargets.encode(target);
        lock.run(now -> changes.symlink(newPlace(path), bytes, now));
    }

    public String readLink(String path) throws HoldfastException {
        return readAt(path, () -> {
            Entry entry = paths.resolve(path, false);
            if (entry.kind() != FileKind.SYMLINK) {
                throw new HoldfastException(ErrorCode.INVALID, path + " is not a symbolic link");
            }
            return targets.read(entry.inode(), inodes.read(entry));
        });
    }

    public void link(String existing, String added) throws HoldfastException {
        lock.run(now -> {
            Entry entry = paths.resolve(existing, false);
            changes.requireLinkable(entry, existing);
            changes.link(entry, newPlace(added), now);
        });
    }

    public void setAttributes(String path, AttributeChange attributeChange) throws HoldfastException {
        if (attributeChange.mode() != null) {
            NameChanges.requireMode(attributeChange.mode());
        }
        lock.run(now -> changes.setAttributes(present(path), attributeChange, now));
    }

    /** Lists names greater than {@code after}, in byte order. */
    public List<DirectoryEntry> list(String path, String after, int limit) throws HoldfastException {
        byte[] afterName = Directories.after(after, limit);
        return readAt(path, () -> {
            Entry entry = paths.resolve(path, false);
            if (!entry.isDirectory()) {
                throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, path + " is not a directory");
            }
            inodes.read(entry);
            return directories.list(entry.inode(), afterName, limit);
        });
    }

    /**
     * A name that a caller gives.
     *
     * @param path without symbolic links above the last name
     * @param inode number of the inode that has the name; 0 if none has
     */
    public record Meant(String path, long inode) {}

    /** Returns the name that a path gives. It need not exist. */
    public Meant meant(String path) throws HoldfastException {
        return readAt(path, () -> {
            Place place = paths.parent(path);
            if (place == null) {
                return new Meant("/", NamespaceKeys.ROOT);
            }
            Entry entry = directories.find(place.directory(), place.name());
            return new Meant(place.canonical(), entry == null ? 0 : entry.inode());
        });
    }

    /**
     * Decides whether a name may be taken away. Called with the namespace's lock held exclusively, so the answer stays
     * true until the change.
     */
    @FunctionalInterface
    public interface Taking {
        /** Allows all. */
        Taking ANY = (path, inode) -> {};

        /**
         * Throws unless the name may be taken away.
         *
         * @param path canonical: without symbolic links above the last name
         * @param inode number of the inode that has the name; 0 if none has
         */
        void require(String path, long inode) throws HoldfastException;
    }

    public void rename(String from, String to) throws HoldfastException {
        rename(from, to, Taking.ANY);
    }

    /**
     * Renames.
     *
     * @param taking must allow that both names are taken away
     */
    public void rename(String from, String to, Taking taking) throws HoldfastException {
        lock.run(now -> changes.rename(place(from), place(to), taking, now));
    }

    public void remove(String path) throws HoldfastException {
        remove(path, Taking.ANY);
    }

    /** Removes a name, if {@code taking} allows it. */
    public void remove(String path, Taking taking) throws HoldfastException {
        lock.run(now -> changes.remove(place(path), taking, now));
    }

    public void setXattr(String path, String name, byte[] value) throws HoldfastException {
        lock.run(now -> changes.setXattr(present(path), name, value, now));
    }

    public byte[] getXattr(String path, String name) throws HoldfastException {
        return readAt(path, () -> attributes.get(paths.resolve(path, false).inode(), name));
    }

    public List<String> listXattrs(String path) throws HoldfastException {
        return readAt(path, () -> attributes.list(paths.resolve(path, false).inode()));
    }

    public void removeXattr(String path, String name) throws HoldfastException {
        lock.run(now -> changes.removeXattr(present(path), name, now));
    }

    /** Answers what a path was given for; an error of damage names the path. */
    private <T> T readAt(String path, NamespaceLock.Answer<T> answer) throws HoldfastException {
        try {
            return lock.read(answer);
        } catch (HoldfastException e) {
            throw Damage.at(path, e);
        }
    }

    /** Returns the inode that a path leads to. Throws {@code DAMAGED} if it has no record. */
    private long present(String path) throws HoldfastException {
        Entry entry = paths.resolve(path, false);
        inodes.read(entry);
        return entry.inode();
    }

    /** Returns the place of a name that the caller will change. */
    private Place place(String path) throws HoldfastException {
        Place place = paths.parent(path);
        if (place == null) {
            throw new HoldfastException(ErrorCode.INVALID, "the root directory cannot be moved, replaced or removed");
        }
        return place;
    }

    /** Returns the place of a name that the caller will make. */
    private Place newPlace(String path) throws HoldfastException {
        Place place = paths.parent(path);
        if (place == null) {
            throw new HoldfastException(ErrorCode.EXISTS, path + " exists");
        }
        return place;
    }
}
