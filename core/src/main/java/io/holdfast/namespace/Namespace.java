package io.holdfast.namespace;

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
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Directories, names, links and attributes of a volume. Thread-safe. Paths and errors are those of {@link
 * io.holdfast.volume.Volume}; the items are described in {@link NamespaceKeys}.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Each method that changes something makes one commit, so that after a crash all of it is there or nothing
 *       (attributes of a removed inode that do not fit into it follow, see {@link Unlink}).
 *   <li>Every change happens under the write lock, every answer under the read lock: it is held over calls of the
 *       store, which may read the device. The order of locks is this one, then an open file's, then the store's.
 *   <li>A record of an open file is changed only through {@link OpenInodes}.
 * </ul>
 */
public final class Namespace {
    private final MetadataStore store;
    private final InstantSource clock;
    private final OpenInodes open;
    private final Inodes inodes;
    private final Directories directories;
    private final LinkTargets targets;
    private final Attributes attributes;
    private final InodeNumbers numbers;
    private final PathWalk paths;
    private final Parents parents;
    private final Unlink unlink;
    private final Rename rename;
    private final InodeEvents events;
    private final Lock readLock;
    private final Lock writeLock;

    private interface Action<T> {
        T run() throws HoldfastException;
    }

    private interface Step {
        void run(Instant now) throws HoldfastException;
    }

    public Namespace(MetadataStore store, InstantSource clock, InodeEvents events, OpenInodes open) {
        this.store = store;
        this.clock = clock;
        this.open = open;
        this.events = events;
        this.inodes = new Inodes(store, open);
        this.directories = new Directories(store);
        this.targets = new LinkTargets(store);
        this.attributes = new Attributes(store);
        this.numbers = new InodeNumbers(store);
        this.paths = new PathWalk(directories, inodes, targets);
        this.parents = new Parents(inodes);
        this.unlink = new Unlink(store, inodes, targets, attributes, events);
        this.rename = new Rename(directories, inodes, parents, unlink);
        ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
        this.readLock = lock.readLock();
        this.writeLock = lock.writeLock();
    }

    /** Returns the items of an empty volume, in key order: the root directory, and where inode numbers start. */
    public static List<Item> formatItems(Instant now) {
        InodeRecord root = InodeRecord.newDirectory(NamespaceKeys.ROOT, 0755, 0, 0, now);
        return List.of(InodeNumbers.first(), new Item(NamespaceKeys.inode(NamespaceKeys.ROOT), root.encode()));
    }

    /**
     * Finishes removals that a crash interrupted, and reports every regular file without a name to {@link InodeEvents}.
     * To be called once, before anything else, on a volume opened for writing.
     */
    public void recover() throws HoldfastException {
        change(now -> unlink.recover());
    }

    /** Returns the inode that a path leads to. */
    public long resolve(String path, boolean followLast) throws HoldfastException {
        return read(() -> paths.resolve(path, followLast).inode());
    }

    /** Returns the newest record of an inode. */
    public InodeRecord read(long inode) throws HoldfastException {
        return read(() -> inodes.read(inode));
    }

    /** Returns the stored record of an inode, which an open file's may be ahead of. */
    public InodeRecord stored(long inode) throws HoldfastException {
        return read(() -> inodes.stored(inode));
    }

    /** Returns the newest record of what the path leads to; a symbolic link at its end is not followed. */
    public Inode status(String path) throws HoldfastException {
        return read(() -> {
            Entry entry = paths.resolve(path, false);
            return new Inode(entry.inode(), inodes.read(entry));
        });
    }

    /** Opens a regular file; symbolic links are followed. */
    public <T> T open(String path, FileOpener<T> opener) throws HoldfastException {
        return read(() -> {
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
        checkMode(options.mode());
        writeLock.lock();
        try {
            Instant now = clock.instant();
            NamespaceChange change = newChange();
            PathWalk.Place place = freePlace(path);
            long inode = numbers.take(change);
            InodeRecord record = InodeRecord.newFile(options, now);
            add(change, place, inode, record, now);
            T file = opener.open(inode, record);
            events.named(inode, place.canonical());
            return file;
        } finally {
            writeLock.unlock();
        }
    }

    /**
     * Creates a regular file without a name and opens it. It is an orphan from its first moment on, so whatever ends its
     * last handle frees it, a crash too.
     */
    public <T> T createUnnamed(CreateOptions options, UnnamedOpener<T> opener) throws HoldfastException {
        checkMode(options.mode());
        writeLock.lock();
        try {
            NamespaceChange change = newChange();
            long inode = numbers.take(change);
            change.put(new Orphan(inode, FileKind.REGULAR, false).item());
            // Open before anybody sees the orphan, which would be freed otherwise.
            T file = opener.open(
                    inode, InodeRecord.newFile(options, clock.instant()).withLinks(0));
            boolean committed = false;
            try {
                change.commit(false);
                committed = true;
            } finally {
                if (!committed) {
                    opener.close(file);
                }
            }
            numbers.used();
            return file;
        } finally {
            writeLock.unlock();
        }
    }

    /**
     * Gives an open file that has no name one. The caller keeps it open meanwhile.
     *
     * @param replace whether a file that is there loses that name
     */
    public void link(long inode, String path, boolean replace) throws HoldfastException {
        link(inode, path, replace, name -> {});
    }

    /** Does as {@link #link(long, String, boolean)} if the name may be taken away from what has it. */
    public void link(long inode, String path, boolean replace, Taking taking) throws HoldfastException {
        change(now -> {
            InodeRecord record = open.current(inode);
            if (record == null || record.links() != 0) {
                throw new HoldfastException(
                        ErrorCode.INVALID, "inode %d cannot get its first name: it has one".formatted(inode));
            }
            PathWalk.Place to = replace ? place(path) : freePlace(path);
            taking.require(to.canonical());
            rename.nameOrphan(newChange(), new Entry(inode, record.kind()), to, now);
            events.gone(to.canonical());
            events.named(inode, to.canonical());
        });
    }

    public void mkdir(String path, CreateOptions options) throws HoldfastException {
        checkMode(options.mode());
        change(now -> {
            NamespaceChange change = newChange();
            PathWalk.Place place = freePlace(path);
            InodeRecord record =
                    InodeRecord.newDirectory(place.directory(), options.mode(), options.uid(), options.gid(), now);
            add(change, place, numbers.take(change), record, now);
        });
    }

    public void symlink(String path, String target) throws HoldfastException {
        byte[] bytes = LinkTargets.encode(target);
        change(now -> {
            NamespaceChange change = newChange();
            PathWalk.Place place = freePlace(path);
            long inode = numbers.take(change);
            targets.put(change, inode, bytes);
            add(change, place, inode, InodeRecord.newSymlink(bytes.length, now), now);
        });
    }

    public String readLink(String path) throws HoldfastException {
        return read(() -> {
            Entry entry = paths.resolve(path, false);
            if (entry.kind() != FileKind.SYMLINK) {
                throw new HoldfastException(ErrorCode.INVALID, path + " is not a symbolic link");
            }
            return targets.read(entry.inode(), inodes.read(entry));
        });
    }

    public void link(String existing, String added) throws HoldfastException {
        change(now -> {
            Entry entry = paths.resolve(existing, false);
            if (entry.isDirectory()) {
                throw new HoldfastException(ErrorCode.IS_A_DIRECTORY, existing + " is a directory");
            }
            if (inodes.read(entry).links() == InodeRecord.LINKS_MAX) {
                throw new HoldfastException(ErrorCode.TOO_MANY_LINKS, existing + " has too many names");
            }
            PathWalk.Place place = freePlace(added);
            NamespaceChange change = newChange();
            change.put(NamespaceKeys.entry(place.directory(), place.name()), Directories.encode(entry));
            change.update(entry.inode(), r -> r.withLinks(r.links() + 1).changed(now));
            parents.touch(change, place.directory(), 0, now);
            change.commit(false);
        });
    }

    public void setAttributes(String path, AttributeChange attributeChange) throws HoldfastException {
        if (attributeChange.mode() != null) {
            checkMode(attributeChange.mode());
        }
        change(now -> {
            Entry entry = paths.resolve(path, false);
            inodes.read(entry);
            NamespaceChange change = newChange();
            change.update(entry.inode(), r -> r.with(attributeChange, now));
            change.commit(false);
        });
    }

    /** Lists names greater than {@code after}, in byte order. */
    public List<DirectoryEntry> list(String path, String after, int limit) throws HoldfastException {
        if (limit < 1) {
            throw new HoldfastException(ErrorCode.INVALID, "a list of at most " + limit + " entries");
        }
        byte[] afterName = Names.bounded(after, Names.LENGTH_MAX);
        return read(() -> {
            Entry entry = paths.resolve(path, false);
            if (!entry.isDirectory()) {
                throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, path + " is not a directory");
            }
            inodes.read(entry);
            return directories.list(entry.inode(), afterName, limit);
        });
    }

    /** Returns the path of a name, which need not exist, without symbolic links above it. */
    public String canonical(String path) throws HoldfastException {
        return read(() -> {
            PathWalk.Place place = paths.parent(path);
            return place == null ? "/" : place.canonical();
        });
    }

    /** Says whether a name may be taken away; called with everything locked that could change the answer. */
    public interface Taking {
        /**
         * Throws unless it may.
         *
         * @param path canonical: without symbolic links above the last name
         */
        void require(String path) throws HoldfastException;
    }

    public void rename(String from, String to) throws HoldfastException {
        rename(from, to, path -> {});
    }

    /**
     * Renames.
     *
     * @param taking is asked for both names
     */
    public void rename(String from, String to, Taking taking) throws HoldfastException {
        change(now -> {
            PathWalk.Place source = place(from);
            PathWalk.Place target = place(to);
            taking.require(source.canonical());
            taking.require(target.canonical());
            if (rename.run(newChange(), source, target, now)) {
                events.gone(target.canonical());
                events.moved(source.canonical(), target.canonical());
            }
        });
    }

    public void remove(String path) throws HoldfastException {
        remove(path, name -> {});
    }

    /** Removes a name. */
    public void remove(String path, Taking taking) throws HoldfastException {
        change(now -> {
            PathWalk.Place place = place(path);
            taking.require(place.canonical());
            Entry entry = directories.find(place.directory(), place.name());
            if (entry == null) {
                throw new HoldfastException(ErrorCode.NOT_FOUND, path + " does not exist");
            }
            if (entry.isDirectory() && !directories.isEmpty(entry.inode())) {
                throw new HoldfastException(ErrorCode.DIRECTORY_NOT_EMPTY, path + " is not empty");
            }
            NamespaceChange change = newChange();
            change.remove(NamespaceKeys.entry(place.directory(), place.name()));
            Orphan orphan = unlink.drop(change, entry, now);
            parents.touch(change, place.directory(), entry.isDirectory() ? -1 : 0, now);
            change.commit(true);
            events.gone(place.canonical());
            unlink.finish(orphan);
        });
    }

    public void setXattr(String path, String name, byte[] value) throws HoldfastException {
        change(now -> {
            Entry entry = paths.resolve(path, false);
            inodes.read(entry);
            NamespaceChange change = newChange();
            attributes.set(change, entry.inode(), name, value);
            change.update(entry.inode(), r -> r.changed(now));
            change.commit(false);
        });
    }

    public byte[] getXattr(String path, String name) throws HoldfastException {
        return read(() -> attributes.get(paths.resolve(path, false).inode(), name));
    }

    public List<String> listXattrs(String path) throws HoldfastException {
        return read(() -> attributes.list(paths.resolve(path, false).inode()));
    }

    public void removeXattr(String path, String name) throws HoldfastException {
        change(now -> {
            Entry entry = paths.resolve(path, false);
            inodes.read(entry);
            NamespaceChange change = newChange();
            attributes.remove(change, entry.inode(), name);
            change.update(entry.inode(), r -> r.changed(now));
            change.commit(true);
        });
    }

    /** Commits a new inode and its first name. */
    private void add(NamespaceChange change, PathWalk.Place place, long inode, InodeRecord record, Instant now)
            throws HoldfastException {
        boolean directory = record.kind() == FileKind.DIRECTORY;
        change.put(NamespaceKeys.inode(inode), record.encode());
        change.put(
                NamespaceKeys.entry(place.directory(), place.name()),
                Directories.encode(new Entry(inode, record.kind())));
        parents.touch(change, place.directory(), directory ? 1 : 0, now);
        change.commit(false);
        numbers.used();
    }

    private PathWalk.Place place(String path) throws HoldfastException {
        PathWalk.Place place = paths.parent(path);
        if (place == null) {
            throw new HoldfastException(ErrorCode.INVALID, "the root directory cannot be moved, replaced or removed");
        }
        return place;
    }

    private PathWalk.Place freePlace(String path) throws HoldfastException {
        PathWalk.Place place = paths.parent(path);
        if (place == null || directories.find(place.directory(), place.name()) != null) {
            throw new HoldfastException(ErrorCode.EXISTS, path + " exists");
        }
        return place;
    }

    private NamespaceChange newChange() {
        return new NamespaceChange(store, inodes, open);
    }

    private static void checkMode(int mode) throws HoldfastException {
        if ((mode & ~InodeRecord.MODE_MAX) != 0) {
            throw new HoldfastException(ErrorCode.INVALID, "mode 0%o is more than permission bits".formatted(mode));
        }
    }

    private <T> T read(Action<T> action) throws HoldfastException {
        readLock.lock();
        try {
            return action.run();
        } finally {
            readLock.unlock();
        }
    }

    private void change(Step step) throws HoldfastException {
        writeLock.lock();
        try {
            step.run(clock.instant());
        } finally {
            writeLock.unlock();
        }
    }
}
