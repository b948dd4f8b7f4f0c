package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.volume.FileKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Removes what an inode has when it loses a name.
 *
 * <p>With the last name the record and the attributes go, in the same commit. Attributes that do not fit into it are
 * purged in further commits. Until then an orphan item says that something is left, also after a crash. The orphan item
 * of a regular file stays longer: the engine removes it when it has freed the block map. It may start on that once no
 * attributes are left.
 */
final class Unlink {
    /**
     * Attribute items that one commit removes. Their keys have up to 266 bytes, which leaves room for the rest of the
     * commit.
     */
    static final int PURGE_ITEMS = 128;

    private final MetadataStore store;
    private final Inodes inodes;
    private final LinkTargets targets;
    private final Attributes attributes;
    private final InodeEvents events;

    Unlink(MetadataStore store, Inodes inodes, LinkTargets targets, Attributes attributes, InodeEvents events) {
        this.store = store;
        this.inodes = inodes;
        this.targets = targets;
        this.attributes = attributes;
        this.events = events;
    }

    /**
     * Adds to the change what the loss of a name means for the inode. A directory must be empty.
     *
     * @return what to {@link #finish} after the commit; null if there is nothing to do
     */
    @Nullable
    Orphan drop(NamespaceChange change, Entry entry, Instant now) throws HoldfastException {
        long inode = entry.inode();
        InodeRecord record = inodes.read(entry);
        if (record.links() == 0) {
            throw Damage.inode(inode, "it has a name and its link count is 0");
        }
        if (!entry.isDirectory() && record.links() > 1) {
            change.update(inode, r -> r.withLinks(r.links() - 1).changed(now));
            return null;
        }
        change.removeInode(inode, r -> r.withLinks(0).changed(now));
        if (entry.kind() == FileKind.SYMLINK) {
            targets.remove(change, inode);
        }
        List<Item> some = attributes.some(inode, PURGE_ITEMS);
        some.forEach(item -> change.remove(item.key()));
        boolean attributesLeft = some.size() == PURGE_ITEMS;
        if (!attributesLeft && entry.kind() != FileKind.REGULAR) {
            return null;
        }
        Orphan orphan = new Orphan(inode, entry.kind(), attributesLeft);
        change.put(orphan.item());
        return orphan;
    }

    /** Does what follows the commit. */
    void finish(@Nullable Orphan orphan) throws HoldfastException {
        if (orphan == null) {
            return;
        }
        try {
            if (orphan.attributesLeft()) {
                purge(orphan);
            }
        } finally {
            if (orphan.kind() == FileKind.REGULAR) {
                events.unlinked(orphan.inode());
            }
        }
    }

    /** Purges the attributes of orphans that a crash has left, and reports those that are regular files. */
    void recover() throws HoldfastException {
        try {
            recoverKnown();
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.DAMAGED && e.code() != ErrorCode.DEVICE_ERROR) {
                throw e;
            }
            // What cannot be read now stays for another mount. It must not keep the volume from being opened.
            System.getLogger("holdfast")
                    .log(
                            System.Logger.Level.WARNING,
                            "removed files stay allocated; run a check, which names all that cannot be read: {0}",
                            e.getMessage());
        }
    }

    private void recoverKnown() throws HoldfastException {
        byte[] from = NamespaceKeys.first(NamespaceKeys.VOLUME, NamespaceKeys.ORPHAN);
        byte[] to = NamespaceKeys.first(NamespaceKeys.VOLUME, NamespaceKeys.ORPHAN + 1);
        while (true) {
            List<Item> items = store.scanKnown(from, to, PURGE_ITEMS);
            if (items.isEmpty()) {
                return;
            }
            for (Item item : items) {
                // A malformed item gives null. It must not keep the volume from being opened; a check reports it.
                finish(Orphan.of(item));
            }
            byte[] last = items.getLast().key();
            from = Arrays.copyOf(last, last.length + 1);
        }
    }

    private void purge(Orphan orphan) throws HoldfastException {
        List<Item> found;
        do {
            found = attributes.some(orphan.inode(), PURGE_ITEMS);
            List<Item> changes = new ArrayList<>(found.size() + 1);
            found.forEach(item -> changes.add(Item.remove(item.key())));
            if (found.size() < PURGE_ITEMS) {
                changes.add(
                        orphan.kind() == FileKind.REGULAR
                                ? new Orphan(orphan.inode(), orphan.kind(), false).item()
                                : Item.remove(NamespaceKeys.orphan(orphan.inode())));
            }
            store.commit(changes, true);
        } while (found.size() == PURGE_ITEMS);
    }
}
