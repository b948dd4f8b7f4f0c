package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileKind;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Changes of names and inodes, for callers with paths and callers with numbers. They hold the namespace's lock
 * exclusively. Each method makes one commit.
 */
final class NameChanges {
    private final MetadataStore store;
    private final OpenInodes open;
    private final InodeEvents events;
    private final Inodes inodes;
    private final Directories directories;
    private final LinkTargets targets;
    private final Attributes attributes;
    private final InodeNumbers numbers;
    private final Parents parents;
    private final Unlink unlink;
    private final Rename rename;

    NameChanges(
            MetadataStore store,
            OpenInodes open,
            InodeEvents events,
            Inodes inodes,
            Directories directories,
            LinkTargets targets,
            Attributes attributes) {
        this.store = store;
        this.open = open;
        this.events = events;
        this.inodes = inodes;
        this.directories = directories;
        this.targets = targets;
        this.attributes = attributes;
        this.numbers = new InodeNumbers(store);
        this.parents = new Parents(inodes);
        this.unlink = new Unlink(store, inodes, targets, attributes, events);
        this.rename = new Rename(directories, inodes, parents, unlink);
    }

    void recover() throws HoldfastException {
        unlink.recover();
    }

    /** Creates a regular file and opens it. If this throws, there is no file. */
    <T> T create(Place place, CreateOptions options, NewFileOpener<T> opener, Instant now) throws HoldfastException {
        requireMode(options.mode());
        requireFree(place);
        String path = pathIfReadable(place);
        NamespaceChange change = newChange();
        long inode = numbers.take(change);
        InodeRecord record = InodeRecord.newFile(options, now);
        add(change, place, inode, record, now);
        T file = opener.open(inode, record);
        if (path != null) {
            events.named(inode, path);
        }
        return file;
    }

    /** Returns the path of a place; null if it leads through directories that cannot be read. */
    private static @Nullable String pathIfReadable(Place place) throws HoldfastException {
        try {
            return place.canonical();
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.DAMAGED && e.code() != ErrorCode.DEVICE_ERROR) {
                throw e;
            }
            return null;
        }
    }

    /** As {@link Namespace#createUnnamed}. */
    <T> T createUnnamed(CreateOptions options, UnnamedOpener<T> opener, Instant now) throws HoldfastException {
        requireMode(options.mode());
        NamespaceChange change = newChange();
        long inode = numbers.take(change);
        change.put(new Orphan(inode, FileKind.REGULAR, false).item());
        // Opened before the commit: once others see the orphan, it is freed unless it is open.
        T file = opener.open(inode, InodeRecord.newFile(options, now).withLinks(0));
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
    }

    /** Gives an open file without a name its first one. */
    void name(long inode, Place to, boolean replace, Namespace.Taking taking, Instant now) throws HoldfastException {
        InodeRecord record = open.current(inode);
        if (record == null || record.links() != 0) {
            throw new HoldfastException(
                    ErrorCode.INVALID, "inode %d cannot get its first name: it has one".formatted(inode));
        }
        if (!replace) {
            requireFree(to);
        }
        String path = requireTakable(taking, to);
        rename.nameOrphan(newChange(), new Entry(inode, record.kind()), to, now);
        events.gone(path);
        events.named(inode, path);
    }

    long mkdir(Place place, CreateOptions options, Instant now) throws HoldfastException {
        requireMode(options.mode());
        requireFree(place);
        NamespaceChange change = newChange();
        long inode = numbers.take(change);
        add(
                change,
                place,
                inode,
                InodeRecord.newDirectory(place.directory(), options.mode(), options.uid(), options.gid(), now),
                now);
        return inode;
    }

    long symlink(Place place, byte[] target, Instant now) throws HoldfastException {
        requireFree(place);
        NamespaceChange change = newChange();
        long inode = numbers.take(change);
        targets.put(change, inode, target);
        add(change, place, inode, InodeRecord.newSymlink(target.length, now), now);
        return inode;
    }

    /**
     * Throws unless a file may have another name.
     *
     * @param shown what messages call the file
     */
    void requireLinkable(Entry entry, String shown) throws HoldfastException {
        if (entry.isDirectory()) {
            throw new HoldfastException(ErrorCode.IS_A_DIRECTORY, shown + " is a directory");
        }
        if (inodes.read(entry).links() == InodeRecord.LINKS_MAX) {
            throw new HoldfastException(ErrorCode.TOO_MANY_LINKS, shown + " has too many names");
        }
    }

    /** Gives a file that is {@linkplain #requireLinkable linkable} another name. */
    void link(Entry entry, Place added, Instant now) throws HoldfastException {
        requireFree(added);
        NamespaceChange change = newChange();
        change.put(NamespaceKeys.entry(added.directory(), added.name()), Directories.encode(entry));
        change.update(entry.inode(), r -> r.withLinks(r.links() + 1).changed(now));
        parents.touch(change, added.directory(), 0, now);
        change.commit(false);
    }

    void rename(Place from, Place to, Namespace.Taking taking, Instant now) throws HoldfastException {
        String fromPath = requireTakable(taking, from);
        String toPath = requireTakable(taking, to);
        if (rename.run(newChange(), from, to, now)) {
            events.gone(toPath);
            events.moved(fromPath, toPath);
        }
    }

    void remove(Place place, Namespace.Taking taking, Instant now) throws HoldfastException {
        String path = requireTakable(taking, place);
        Entry entry = directories.find(place.directory(), place.name());
        if (entry == null) {
            throw new HoldfastException(ErrorCode.NOT_FOUND, place.shown() + " does not exist");
        }
        if (entry.isDirectory() && !directories.isEmpty(entry.inode())) {
            throw new HoldfastException(ErrorCode.DIRECTORY_NOT_EMPTY, place.shown() + " is not empty");
        }
        NamespaceChange change = newChange();
        change.remove(NamespaceKeys.entry(place.directory(), place.name()));
        Orphan orphan = unlink.drop(change, entry, now);
        parents.touch(change, place.directory(), entry.isDirectory() ? -1 : 0, now);
        change.commit(true);
        events.gone(path);
        unlink.finish(orphan);
    }

    void setAttributes(long inode, AttributeChange attributeChange, Instant now) throws HoldfastException {
        if (attributeChange.mode() != null) {
            requireMode(attributeChange.mode());
        }
        NamespaceChange change = newChange();
        change.update(inode, r -> r.with(attributeChange, now));
        change.commit(false);
    }

    void setXattr(long inode, String name, byte[] value, Instant now) throws HoldfastException {
        NamespaceChange change = newChange();
        attributes.set(change, inode, name, value);
        change.update(inode, r -> r.changed(now));
        change.commit(false);
    }

    void removeXattr(long inode, String name, Instant now) throws HoldfastException {
        NamespaceChange change = newChange();
        attributes.remove(change, inode, name);
        change.update(inode, r -> r.changed(now));
        change.commit(true);
    }

    /** Commits a new inode and its first name. */
    private void add(NamespaceChange change, Place place, long inode, InodeRecord record, Instant now)
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

    private void requireFree(Place place) throws HoldfastException {
        if (directories.find(place.directory(), place.name()) != null) {
            throw new HoldfastException(ErrorCode.EXISTS, place.shown() + " exists");
        }
    }

    /**
     * Throws unless {@code taking} allows the loss of a name; returns the path. Also asks about a name that nothing
     * has.
     */
    private String requireTakable(Namespace.Taking taking, Place place) throws HoldfastException {
        String path = place.canonical();
        Entry entry = directories.find(place.directory(), place.name());
        taking.require(path, entry == null ? 0 : entry.inode());
        return path;
    }

    private NamespaceChange newChange() {
        return new NamespaceChange(store, inodes, open);
    }

    static void requireMode(int mode) throws HoldfastException {
        if ((mode & ~InodeRecord.MODE_MAX) != 0) {
            throw new HoldfastException(
                    ErrorCode.INVALID, "mode 0%o has more than permission bits; 07777 is the most".formatted(mode));
        }
    }
}
