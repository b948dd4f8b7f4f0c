package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The targets of symbolic links, in chunks. */
final class LinkTargets {
    static final int LENGTH_MAX = 4095;
    static final int CHUNKS_MAX = Chunks.count(LENGTH_MAX);

    private final MetadataStore store;

    LinkTargets(MetadataStore store) {
        this.store = store;
    }

    /** Returns the target in bytes; throws {@code INVALID} or {@code NAME_TOO_LONG}. */
    static byte[] encode(String target) throws HoldfastException {
        if (target.isEmpty() || target.indexOf('\0') >= 0) {
            throw new HoldfastException(ErrorCode.INVALID, "a symbolic link's target is empty or has a NUL");
        }
        return Names.bounded(target, LENGTH_MAX);
    }

    String read(long inode, InodeRecord record) throws HoldfastException {
        byte[] bytes = Chunks.join(items(inode), i -> NamespaceKeys.linkTarget(inode, i));
        String target = bytes == null || bytes.length != record.size() ? null : text(bytes);
        if (target == null) {
            throw Damage.inode(inode, "its target is not whole");
        }
        return target;
    }

    /** Returns a stored target, or null if {@link #encode} cannot have made it. */
    static @Nullable String text(byte[] bytes) {
        String target = Names.decode(bytes, 0, bytes.length);
        return target == null || target.indexOf('\0') >= 0 ? null : target;
    }

    void put(NamespaceChange change, long inode, byte[] target) {
        for (int i = 0; i < Chunks.count(target.length); i++) {
            change.put(NamespaceKeys.linkTarget(inode, i), Chunks.chunk(target, i));
        }
    }

    void remove(NamespaceChange change, long inode) throws HoldfastException {
        for (Item item : items(inode)) {
            change.remove(item.key());
        }
    }

    private List<Item> items(long inode) throws HoldfastException {
        return store.scan(
                NamespaceKeys.first(inode, NamespaceKeys.LINK_TARGET),
                NamespaceKeys.first(inode, NamespaceKeys.LINK_TARGET + 1),
                CHUNKS_MAX + 1);
    }
}
