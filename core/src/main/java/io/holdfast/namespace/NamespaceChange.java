package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * One atomic change under construction: items, and changes of inode records. The commit applies each change of a record
 * to the newest record, for an open inode inside {@link OpenInodes#update}. So it loses no change that the open file
 * makes itself, and the file does not overwrite this one.
 */
final class NamespaceChange {
    private final MetadataStore store;
    private final Inodes inodes;
    private final OpenInodes open;
    private final List<Item> items = new ArrayList<>();
    private final Map<Long, Update> updates = new LinkedHashMap<>();

    private record Update(UnaryOperator<InodeRecord> change, boolean removes) {
        Item item(long inode, InodeRecord changed) {
            byte[] key = NamespaceKeys.inode(inode);
            return removes ? Item.remove(key) : new Item(key, changed.encode());
        }
    }

    NamespaceChange(MetadataStore store, Inodes inodes, OpenInodes open) {
        this.store = store;
        this.inodes = inodes;
        this.open = open;
    }

    void put(byte[] key, byte[] value) {
        put(new Item(key, value));
    }

    void put(Item item) {
        items.add(item);
    }

    void remove(byte[] key) {
        items.add(Item.remove(key));
    }

    /** Changes a record. Several changes of one record are applied in their order. */
    void update(long inode, UnaryOperator<InodeRecord> change) {
        updates.merge(inode, new Update(change, false), (first, then) -> join(first, then));
    }

    /** Changes the record in the open file, if there is one, and removes the stored record. */
    void removeInode(long inode, UnaryOperator<InodeRecord> change) {
        updates.merge(inode, new Update(change, true), (first, then) -> join(first, then));
    }

    void commit(boolean freesSpace) throws HoldfastException {
        commit(List.copyOf(updates.entrySet()), freesSpace);
    }

    private void commit(List<Map.Entry<Long, Update>> todo, boolean freesSpace) throws HoldfastException {
        if (todo.isEmpty()) {
            store.commit(List.copyOf(items), freesSpace);
            return;
        }
        long inode = todo.getFirst().getKey();
        Update update = todo.getFirst().getValue();
        List<Map.Entry<Long, Update>> rest = todo.subList(1, todo.size());
        OpenInodes.Commit commit = changed -> {
            items.add(update.item(inode, changed));
            commit(rest, freesSpace);
        };
        if (!open.update(inode, update.change, commit)) {
            commit.commit(update.change.apply(inodes.stored(inode)));
        }
    }

    private static Update join(Update first, Update then) {
        return new Update(record -> then.change.apply(first.change.apply(record)), first.removes || then.removes);
    }
}
