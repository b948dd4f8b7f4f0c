package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.storage.Item;
import io.holdfast.storage.MetadataStore;
import io.holdfast.volume.FileKind;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What happens to an inode when a name of it goes.
 *
 * <p>With the last name the record and the attributes go in the same commit. What does not fit into one commit is
 * purged in further ones; until then an orphan item says that there is something left, also after a crash. The orphan
 * item of a regular file stays: the engine removes it when the block map is freed.
 */
final class Unlink {
    /** Attribute items removed in one commit: their keys, of up to 266 bytes, leave room for the rest of it. */
    static final int PURGE_ITEMS = 128;

    private final MetadataStore store;
    private final Inodes inodes;
    private final LinkTargets targets;
    private final Attributes attributes;
    private final InodeEvents events;

    /** What is to be done when the change is committed. */
    record Outcome(Entry entry, boolean gone, boolean rest) {}

    Unlink(MetadataStore store, Inodes inodes, LinkTargets targets, Attributes attributes, InodeEvents events) {
        this.store = store;
        this.inodes = inodes;
        this.targets = targets;
        this.attributes = attributes;
        this.events = events;
    }

    /** Adds to the change what the loss of a name means for the inode. A directory must be empty. */
    Outcome drop(NamespaceChange change, Entry entry, Instant now) throws HoldfastException {
        long inode = entry.inode();
        InodeRecord record = inodes.read(entry);
        if (record.links() == 0) {
            throw Damage.inode(inode, "it has a name and its link count is 0");
        }
        if (!entry.isDirectory() && record.links() > 1) {
            change.update(inode, r -> r.withLinks(r.links() - 1).changed(now));
            return new Outcome(entry, false, false);
        }
        change.removeInode(inode, r -> r.withLinks(0).changed(now));
        if (entry.kind() == FileKind.SYMLINK) {
            targets.remove(change, inode);
        }
        List<Item> some = attributes.some(inode, PURGE_ITEMS);
        some.forEach(item -> change.remove(item.key()));
        boolean rest = some.size() == PURGE_ITEMS;
        if (rest || entry.kind() == FileKind.REGULAR) {
            change.put(NamespaceKeys.orphan(inode), new byte[] {Kinds.code(entry.kind())});
        }
        return new Outcome(entry, true, rest);
    }

    /** Does what follows after the commit. */
    void finish(Outcome outcome) throws HoldfastException {
        try {
            if (outcome.rest) {
                purge(outcome.entry);
            }
        } finally {
            if (outcome.gone && outcome.entry.kind() == FileKind.REGULAR) {
                events.unlinked(outcome.entry.inode());
            }
        }
    }

    /** Purges what a crash left of orphans, and reports those that are regular files. */
    void recover() throws HoldfastException {
        byte[] from = NamespaceKeys.first(NamespaceKeys.VOLUME, NamespaceKeys.ORPHAN);
        byte[] to = NamespaceKeys.first(NamespaceKeys.VOLUME, NamespaceKeys.ORPHAN + 1);
        while (true) {
            List<Item> orphans = store.scan(from, to, PURGE_ITEMS);
            if (orphans.isEmpty()) {
                return;
            }
            for (Item orphan : orphans) {
                FileKind kind = orphanKind(orphan);
                // A malformed one must not keep the volume from being opened; a check reports it.
                if (kind != null) {
                    Entry entry = new Entry(orphanInode(orphan), kind);
                    purge(entry);
                    finish(new Outcome(entry, true, false));
                }
            }
            byte[] last = orphans.getLast().key();
            from = Arrays.copyOf(last, last.length + 1);
        }
    }

    private void purge(Entry entry) throws HoldfastException {
        long inode = entry.inode();
        List<Item> found;
        do {
            found = attributes.some(inode, PURGE_ITEMS);
            List<Item> removals = new ArrayList<>(found.size() + 1);
            found.forEach(item -> removals.add(Item.remove(item.key())));
            if (found.size() < PURGE_ITEMS && entry.kind() != FileKind.REGULAR) {
                removals.add(Item.remove(NamespaceKeys.orphan(inode)));
            }
            if (!removals.isEmpty()) {
                store.commit(removals, true);
            }
        } while (found.size() == PURGE_ITEMS);
    }

    /** Returns the kind of an orphan, or null if the item is malformed. */
    static @Nullable FileKind orphanKind(Item item) {
        byte[] value = item.value();
        return item.key().length != NamespaceKeys.PREFIX_SIZE + Long.BYTES || value == null || value.length != 1
                ? null
                : Kinds.of(value[0]);
    }

    /** Returns the inode of an orphan that {@link #orphanKind} knows. */
    static long orphanInode(Item item) {
        return ByteBuffer.wrap(item.key()).getLong(NamespaceKeys.PREFIX_SIZE);
    }
}
