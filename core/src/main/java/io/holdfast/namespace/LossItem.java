package io.holdfast.namespace;

import io.holdfast.format.Item;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An item that says that acknowledged writes of a file may have been lost when the volume failed, and that nobody has
 * accepted that: no flush of the file may succeed. Item 0 says so of all files that have no item of their own.
 *
 * @param inode 0: all others
 * @param accepted whether the loss of this file was accepted, beside item 0; of item 0, that all losses were accepted when not all items could
 *     be read, so that no other item counts
 */
public record LossItem(long inode, boolean accepted) {
    /** Stands for all files without an item. */
    public static final long OTHERS = 0;

    private static final byte LOST = 1;
    private static final byte ACCEPTED = 2;

    /** Returns the key of a file's item. */
    public static byte[] key(long inode) {
        return NamespaceKeys.loss(inode);
    }

    /** Returns the first key that such an item can have. */
    public static byte[] first() {
        return NamespaceKeys.first(NamespaceKeys.VOLUME, NamespaceKeys.LOSS);
    }

    /** Returns the key behind all of them. */
    public static byte[] end() {
        return NamespaceKeys.first(NamespaceKeys.VOLUME, NamespaceKeys.LOSS + 1);
    }

    /** Returns the item. */
    public Item item() {
        return new Item(key(inode), new byte[] {accepted ? ACCEPTED : LOST});
    }

    /** Decodes an item; null if it is not a possible one. */
    public static @Nullable LossItem of(Item item) {
        byte[] value = item.value();
        if (item.key().length != NamespaceKeys.PREFIX_SIZE + Long.BYTES || value == null || value.length != 1) {
            return null;
        }
        long inode = ByteBuffer.wrap(item.key()).getLong(NamespaceKeys.PREFIX_SIZE);
        boolean accepted = value[0] == ACCEPTED;
        return value[0] == LOST || accepted ? new LossItem(inode, accepted) : null;
    }
}
