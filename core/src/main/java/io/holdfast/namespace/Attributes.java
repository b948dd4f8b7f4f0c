package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Extended attributes, in chunks of (length u32, value). By the length, a value that has lost its last chunk differs
 * from a shorter value.
 */
final class Attributes {
    static final int VALUE_MAX = 65_536;
    static final int LENGTH_SIZE = 4;
    static final int CHUNKS_MAX = Chunks.count(LENGTH_SIZE + VALUE_MAX);

    private static final int CHUNK_END = 0xff;

    private final MetadataStore store;

    Attributes(MetadataStore store) {
        this.store = store;
    }

    byte[] get(long inode, String name) throws HoldfastException {
        byte[] key = Names.attribute(name);
        List<Item> items = chunks(inode, key);
        if (items.isEmpty()) {
            throw missing(name);
        }
        byte[] whole = Chunks.join(items, i -> NamespaceKeys.attribute(inode, key, i));
        if (whole == null || whole.length < LENGTH_SIZE || length(whole) != whole.length - LENGTH_SIZE) {
            throw Damage.inode(inode, "its attribute '" + name + "' is not whole");
        }
        return Arrays.copyOfRange(whole, LENGTH_SIZE, whole.length);
    }

    void set(NamespaceChange change, long inode, String name, byte[] value) throws HoldfastException {
        byte[] key = Names.attribute(name);
        if (value.length > VALUE_MAX) {
            throw new HoldfastException(
                    ErrorCode.INVALID, "an attribute of " + value.length + " bytes; " + VALUE_MAX + " is the most");
        }
        byte[] whole = ByteBuffer.allocate(LENGTH_SIZE + value.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value.length)
                .put(value)
                .array();
        int count = Chunks.count(whole.length);
        for (int i = 0; i < count; i++) {
            change.put(NamespaceKeys.attribute(inode, key, i), Chunks.chunk(whole, i));
        }
        for (Item old : chunks(inode, key)) {
            if ((old.key()[old.key().length - 1] & 0xff) >= count) {
                change.remove(old.key());
            }
        }
    }

    void remove(NamespaceChange change, long inode, String name) throws HoldfastException {
        List<Item> items = chunks(inode, Names.attribute(name));
        if (items.isEmpty()) {
            throw missing(name);
        }
        items.forEach(item -> change.remove(item.key()));
    }

    /** Returns the names in alphabetical order. */
    List<String> list(long inode) throws HoldfastException {
        List<String> names = new ArrayList<>();
        byte[] from = NamespaceKeys.first(inode, NamespaceKeys.ATTRIBUTE);
        byte[] to = NamespaceKeys.first(inode, NamespaceKeys.ATTRIBUTE + 1);
        while (true) {
            // Takes one item of each name: the next scan starts behind the last chunk of that name.
            List<Item> next = store.scan(from, to, 1);
            if (next.isEmpty()) {
                names.sort(null);
                return names;
            }
            byte[] key = next.getFirst().key();
            byte[] name = nameOf(key);
            String text = Names.storedAttribute(name);
            if (text == null) {
                throw Damage.inode(inode, "the name of an attribute is malformed");
            }
            names.add(text);
            // In a damaged volume even the chunk with this last number may exist. The least key behind it has one zero
            // byte more.
            byte[] last = NamespaceKeys.attribute(inode, name, CHUNK_END);
            from = Arrays.copyOf(last, last.length + 1);
        }
    }

    /** Returns up to {@code limit} items of attributes, without a look at their content. */
    List<Item> some(long inode, int limit) throws HoldfastException {
        return store.scan(
                NamespaceKeys.first(inode, NamespaceKeys.ATTRIBUTE),
                NamespaceKeys.first(inode, NamespaceKeys.ATTRIBUTE + 1),
                limit);
    }

    /** Returns the name in an attribute's key; empty if the key is malformed. */
    static byte[] nameOf(byte[] key) {
        int from = NamespaceKeys.PREFIX_SIZE + 1;
        int length = key.length <= from ? 0 : key[from - 1] & 0xff;
        return length == 0 || key.length != from + length + 1
                ? new byte[0]
                : Arrays.copyOfRange(key, from, from + length);
    }

    private static int length(byte[] whole) {
        return ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    private static HoldfastException missing(String name) {
        return new HoldfastException(ErrorCode.NO_ATTRIBUTE, "no attribute '" + name + "'");
    }

    private List<Item> chunks(long inode, byte[] name) throws HoldfastException {
        return store.scan(
                NamespaceKeys.attribute(inode, name, 0),
                NamespaceKeys.attribute(inode, name, CHUNK_END),
                CHUNKS_MAX + 1);
    }
}
