package io.holdfast.metadata;

import io.holdfast.format.Item;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The item that says below which number all inodes are. Each superblock says it of its tree, too: so new inodes can be made, and
 * found, while the leaf with the item cannot be read.
 *
 * <pre>
 *   key: 0 u64, 7      value: u64, little-endian
 * </pre>
 */
public final class InodeMark {
    /** The mark of a new volume, which has inode 1. */
    public static final long FIRST = 2;

    private static final byte TYPE = 7;

    private InodeMark() {}

    public static byte[] key() {
        return ByteBuffer.allocate(9).putLong(0).put(TYPE).array();
    }

    public static Item item(long mark) {
        return new Item(key(), encode(mark));
    }

    /** Returns the value of the item. */
    public static byte[] encode(long mark) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(mark)
                .array();
    }

    /** Returns the mark that an item has, or -1 if the value is not a possible mark. */
    public static long decode(byte[] value) {
        long mark = value.length == Long.BYTES
                ? ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong()
                : -1;
        return mark >= FIRST && mark < Long.MAX_VALUE >>> 1 ? mark : -1;
    }

    /** Returns a key above those of all inodes below a mark; null if it is 0. */
    public static byte @Nullable [] end(long mark) {
        return mark == 0 ? null : ByteBuffer.allocate(Long.BYTES).putLong(mark).array();
    }
}
