package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Item;
import io.holdfast.namespace.ItemRepairs.Mended;
import io.holdfast.volume.FileKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Mends an inode without a record. Where its other items say what it was, it gets a new record; its names stay. Otherwise its names and its attributes
 * go. Used by one thread.
 */
final class MissingRecord {
    private static final String LOST = "its owner, its mode and its times";
    private static final int FILE_MODE = 0600;
    private static final int DIRECTORY_MODE = 0700;
    /** Attributes and their chunks that are removed at once. */
    private static final int REMOVED_MAX = 1 << 16;

    private final EditedItems items;
    private final ItemRepairs.Maps maps;
    private final Instant now;

    MissingRecord(EditedItems items, ItemRepairs.Maps maps, Instant now) {
        this.items = items;
        this.maps = maps;
        this.now = now;
    }

    /** Returns what was done; empty if nothing can be. */
    Optional<Mended> mend(long inode, List<NamedBy.Name> names) throws HoldfastException {
        boolean directory = inode == NamespaceKeys.ROOT || has(inode, NamespaceKeys.ENTRY);
        boolean link = has(inode, NamespaceKeys.LINK_TARGET);
        boolean map = has(inode, NamespaceKeys.MAP);
        if ((directory ? 1 : 0) + (link ? 1 : 0) + (map ? 1 : 0) > 1) {
            return Optional.empty();
        }
        if (directory) {
            return directory(inode, names);
        }
        if (link) {
            return link(inode);
        }
        return map ? file(inode) : nothing(inode, names);
    }

    private boolean has(long inode, int type) throws HoldfastException {
        return !items.scan(NamespaceKeys.first(inode, type), NamespaceKeys.first(inode, type + 1), 1)
                .isEmpty();
    }

    private Optional<Mended> directory(long inode, List<NamedBy.Name> names) {
        if (names.size() > 1) {
            return Optional.empty();
        }
        long parent = names.isEmpty() || inode == NamespaceKeys.ROOT
                ? NamespaceKeys.ROOT
                : names.getFirst().directory();
        put(inode, InodeRecord.newDirectory(parent, DIRECTORY_MODE, 0, 0, now));
        return mended(inode, "is a directory without a record, and gets a new one");
    }

    private Optional<Mended> link(long inode) throws HoldfastException {
        List<Item> chunks = items.scan(
                NamespaceKeys.first(inode, NamespaceKeys.LINK_TARGET),
                NamespaceKeys.first(inode, NamespaceKeys.LINK_TARGET + 1),
                LinkTargets.CHUNKS_MAX + 1);
        byte[] target = Chunks.join(chunks, i -> NamespaceKeys.linkTarget(inode, i));
        if (target == null
                || target.length == 0
                || target.length > LinkTargets.LENGTH_MAX
                || LinkTargets.text(target) == null) {
            return Optional.empty();
        }
        put(inode, InodeRecord.newSymlink(target.length, now));
        return mended(inode, "is a symbolic link without a record, and gets a new one");
    }

    private Optional<Mended> file(long inode) throws HoldfastException {
        Optional<ItemRepairs.MapFacts> facts = maps.find(inode);
        if (facts.isEmpty()) {
            return Optional.empty();
        }
        long size = facts.get().blocks() * Block.SIZE;
        put(
                inode,
                new InodeRecord(
                        FileKind.REGULAR, FILE_MODE, 0, 0, 1, facts.get().checksummed(), size, 0, now, now, now, now));
        return Optional.of(new Mended(
                inode,
                "inode",
                "inode %s is a file without a record, and gets a new one, with a size of %s bytes by its last block"
                        .formatted(Long.toUnsignedString(inode), Long.toUnsignedString(size)),
                LOST + ", and its exact size"));
    }

    private Optional<Mended> nothing(long inode, List<NamedBy.Name> names) throws HoldfastException {
        List<byte[]> attributes = new ArrayList<>();
        items.forEach(inode, NamespaceKeys.ATTRIBUTE, item -> attributes.add(item.key()));
        if (attributes.size() + names.size() > REMOVED_MAX) {
            return Optional.empty();
        }
        names.forEach(name -> items.remove(name.key()));
        attributes.forEach(items::remove);
        String gone = names.isEmpty()
                ? "attributes without an inode"
                : attributes.isEmpty()
                        ? count(names.size(), "name", "names")
                        : count(names.size(), "name", "names") + " and attributes";
        return names.isEmpty() && attributes.isEmpty()
                ? Optional.empty()
                : Optional.of(new Mended(
                        inode,
                        names.isEmpty() ? "inode" : "directory entry",
                        "inode %s has no record, and nothing that says what it was: %s"
                                .formatted(Long.toUnsignedString(inode), removed(names.size(), attributes.isEmpty())),
                        gone));
    }

    private static String removed(int names, boolean noAttributes) {
        String what = names == 0 ? "" : count(names, "name", "names");
        return (noAttributes ? what : what.isEmpty() ? "attributes" : what + " and attributes") + " of it removed";
    }

    private static String count(int number, String one, String many) {
        return number + " " + (number == 1 ? one : many);
    }

    private void put(long inode, InodeRecord record) {
        items.put(NamespaceKeys.inode(inode), record.encode());
    }

    private static Optional<Mended> mended(long inode, String what) {
        return Optional.of(new Mended(inode, "inode", "inode " + Long.toUnsignedString(inode) + " " + what, LOST));
    }
}
