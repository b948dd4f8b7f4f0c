package io.holdfast.namespace;

import io.holdfast.format.Item;
import io.holdfast.volume.FileKind;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An inode without a name that still has something to remove. The item's value is the kind, with bit 7 set while
 * attributes are left.
 *
 * @param attributesLeft the namespace is still purging attributes, and finds them after a crash by this item
 */
public record Orphan(long inode, FileKind kind, boolean attributesLeft) {
    private static final int ATTRIBUTES_LEFT = 0x80;

    /** Returns what the item says, or null if it is malformed. */
    public static @Nullable Orphan of(Item item) {
        byte[] key = item.key();
        byte[] value = item.value();
        if (key.length != NamespaceKeys.PREFIX_SIZE + Long.BYTES || value == null || value.length != 1) {
            return null;
        }
        FileKind kind = Kinds.of((byte) (value[0] & ~ATTRIBUTES_LEFT));
        boolean attributesLeft = (value[0] & ATTRIBUTES_LEFT) != 0;
        // An inode of another kind leaves nothing but attributes.
        return kind == null || (kind != FileKind.REGULAR && !attributesLeft)
                ? null
                : new Orphan(ByteBuffer.wrap(key).getLong(NamespaceKeys.PREFIX_SIZE), kind, attributesLeft);
    }

    /** Returns whether only the block map is left. Only then may the engine free the map and remove this item. */
    public boolean isReapable() {
        return kind == FileKind.REGULAR && !attributesLeft;
    }

    Item item() {
        int value = Kinds.code(kind) | (attributesLeft ? ATTRIBUTES_LEFT : 0);
        return new Item(NamespaceKeys.orphan(inode), new byte[] {(byte) value});
    }
}
