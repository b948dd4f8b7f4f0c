package io.holdfast.namespace;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Directory entries: the name is in the key, so there are no hashes and no collisions. */
final class Directories {
    static final int VALUE_SIZE = 9;

    private final MetadataStore store;
    private final DamagePolicy policy;

    /** @param policy for entries that make no sense */
    Directories(MetadataStore store, DamagePolicy policy) {
        this.store = store;
        this.policy = policy;
    }

    @Nullable
    Entry find(long directory, byte[] name) throws HoldfastException {
        byte[] value = store.get(NamespaceKeys.entry(directory, name));
        return value == null ? null : decode(directory, value);
    }

    /** Checks the arguments of a listing, and returns the name in bytes. */
    static byte[] after(String name, int limit) throws HoldfastException {
        if (limit < 1) {
            throw new HoldfastException(
                    ErrorCode.INVALID, "a list of at most " + limit + " entries; ask for 1 or more");
        }
        return Names.bounded(name, Names.LENGTH_MAX);
    }

    /** Lists entries with names greater than {@code after}; an empty {@code after} lists from the first one on. */
    List<DirectoryEntry> list(long directory, byte[] after, int limit) throws HoldfastException {
        // The least name that is greater than another is that name with a zero byte behind it.
        byte[] from = after.length == 0
                ? NamespaceKeys.first(directory, NamespaceKeys.ENTRY)
                : NamespaceKeys.entry(directory, Arrays.copyOf(after, after.length + 1));
        List<DirectoryEntry> entries = new ArrayList<>();
        List<Item> items = store.scan(from, end(directory), limit);
        while (entries.isEmpty() && !items.isEmpty()) {
            for (Item item : items) {
                try {
                    entries.add(entry(directory, item));
                } catch (HoldfastException e) {
                    policy.met(e);
                }
            }
            byte[] last = items.getLast().key();
            items = entries.isEmpty() ? store.scan(Arrays.copyOf(last, last.length + 1), end(directory), limit) : items;
        }
        return entries;
    }

    private static DirectoryEntry entry(long directory, Item item) throws HoldfastException {
        byte[] key = item.key();
        byte[] value = item.value();
        String name = Names.storedEntry(key, NamespaceKeys.PREFIX_SIZE, key.length - NamespaceKeys.PREFIX_SIZE);
        if (name == null || value == null) {
            throw Damage.entry(directory, "a name is malformed");
        }
        Entry entry = decode(directory, value);
        return new DirectoryEntry(name, entry.inode(), entry.kind());
    }

    boolean isEmpty(long directory) throws HoldfastException {
        return store.scan(NamespaceKeys.first(directory, NamespaceKeys.ENTRY), end(directory), 1)
                .isEmpty();
    }

    static byte[] encode(Entry entry) {
        return ByteBuffer.allocate(VALUE_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(entry.inode())
                .put(Kinds.code(entry.kind()))
                .array();
    }

    static Entry decode(long directory, byte[] value) throws HoldfastException {
        FileKind kind = value.length == VALUE_SIZE ? Kinds.of(value[Long.BYTES]) : null;
        if (kind == null) {
            throw Damage.entry(directory, "its value is malformed");
        }
        long inode = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (inode <= NamespaceKeys.ROOT) {
            throw Damage.entry(directory, "it leads to inode " + Long.toUnsignedString(inode));
        }
        return new Entry(inode, kind);
    }

    private static byte[] end(long directory) {
        return NamespaceKeys.first(directory, NamespaceKeys.ENTRY + 1);
    }
}
