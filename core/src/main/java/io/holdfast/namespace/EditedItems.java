package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Items with the changes of a repair on top, which nobody else sees. Used by one thread. Who adds changes bounds them by {@link #size}.
 */
final class EditedItems implements MetadataStore {
    private final MetadataStore below;
    private final NavigableMap<byte[], Item> changes = new TreeMap<>(Arrays::compareUnsigned);

    EditedItems(MetadataStore below) {
        this.below = below;
    }

    void put(byte[] key, byte[] value) {
        changes.put(key, new Item(key, value));
    }

    void remove(byte[] key) {
        changes.put(key, Item.remove(key));
    }

    /** Returns how many items are changed. */
    int size() {
        return changes.size();
    }

    /** Returns the changes; a removed item has no value. */
    NavigableMap<byte[], Item> changes() {
        return changes;
    }

    @Override
    public byte @Nullable [] get(byte[] key) throws HoldfastException {
        Item change = changes.get(key);
        return change == null ? below.get(key) : change.value();
    }

    @Override
    public List<Item> scanKnown(byte[] from, byte[] to, int limit) throws HoldfastException {
        return scan(from, to, limit);
    }

    @Override
    public long inodesBelow() {
        return below.inodesBelow();
    }

    @Override
    public List<Item> scan(byte[] from, byte[] to, int limit) throws HoldfastException {
        byte[] start = from;
        while (true) {
            List<Item> page = below.scan(start, to, limit);
            boolean last = page.size() < limit;
            byte[] end = last ? to : next(page.getLast().key());
            NavigableMap<byte[], Item> merged = new TreeMap<>(Arrays::compareUnsigned);
            page.forEach(item -> merged.put(item.key(), item));
            merged.putAll(changes.subMap(start, true, end, false));
            List<Item> found = new ArrayList<>();
            for (Item item : merged.values()) {
                if (item.value() != null && found.size() < limit) {
                    found.add(item);
                }
            }
            if (!found.isEmpty() || last) {
                return found;
            }
            start = end;
        }
    }

    /** Returns the least key that is greater. */
    private static byte[] next(byte[] key) {
        return Arrays.copyOf(key, key.length + 1);
    }

    /** Something done with each item. */
    interface Visitor {
        void item(Item item) throws HoldfastException;
    }

    /** Visits the items of one inode and type. */
    void forEach(long inode, int type, Visitor visitor) throws HoldfastException {
        forEach(NamespaceKeys.first(inode, type), NamespaceKeys.first(inode, type + 1), visitor);
    }

    /** Visits all items in the order of their keys. */
    void forEach(Visitor visitor) throws HoldfastException {
        forEach(new byte[0], END, visitor);
    }

    private void forEach(byte[] from, byte[] to, Visitor visitor) throws HoldfastException {
        List<Item> page = scan(from, to, PAGE);
        while (!page.isEmpty()) {
            for (Item item : page) {
                visitor.item(item);
            }
            page = scan(next(page.getLast().key()), to, PAGE);
        }
    }

    private static final int PAGE = 512;
    /** Greater than every key. */
    private static final byte[] END = end();

    private static byte[] end() {
        byte[] end = new byte[Item.KEY_MAX + 1];
        Arrays.fill(end, (byte) -1);
        return end;
    }

    @Override
    public void commit(List<Item> items, boolean freesSpace) {
        throw new UnsupportedOperationException("a repair plans its changes");
    }
}
