package io.holdfast.mapping;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.MapEntry;
import java.nio.ByteBuffer;

/**
 * The items that block maps keep in the metadata tree. Only checkpoints write them.
 *
 * <pre>
 *   key: inode u64 BE, 5             value: {@link MapRoot}
 *   key: 0 u64, 8, block u64 BE      value: inode u64 BE, checksum u64 BE, level u8   a cut-off subtree, being freed
 * </pre>
 */
public final class MapItems {
    private static final byte MAP = 5;
    private static final byte DEAD = 8;
    private static final int DEAD_VALUE_BYTES = 17;

    private MapItems() {}

    /**
     * A subtree to which only this item points.
     *
     * @param inode whose map it was cut off
     */
    public record DeadTree(long inode, BlockPointer root, int level) {}

    public static byte[] mapKey(long inode) {
        return ByteBuffer.allocate(9).putLong(inode).put(MAP).array();
    }

    public static boolean isMapKey(byte[] key) {
        return key.length == 9 && key[8] == MAP;
    }

    public static boolean isDeadKey(byte[] key) {
        return key.length == 17 && key[8] == DEAD && ByteBuffer.wrap(key).getLong() == 0;
    }

    public static long inodeOf(byte[] mapKey) {
        return ByteBuffer.wrap(mapKey).getLong();
    }

    public static byte[] firstDeadKey() {
        return deadKey(0);
    }

    private static byte[] deadKey(long block) {
        return ByteBuffer.allocate(17).putLong(0).put(DEAD).putLong(block).array();
    }

    public static Item dead(DeadTree tree) {
        byte[] value = ByteBuffer.allocate(DEAD_VALUE_BYTES)
                .putLong(tree.inode())
                .putLong(tree.root().checksum())
                .put((byte) tree.level())
                .array();
        return new Item(deadKey(tree.root().block()), value);
    }

    public static DeadTree decodeDead(byte[] key, byte[] value) throws HoldfastException {
        ByteBuffer v = ByteBuffer.wrap(value);
        long block = ByteBuffer.wrap(key).getLong(9);
        if (value.length != DEAD_VALUE_BYTES || v.get(16) < 1 || v.get(16) > MapEntry.LEVELS_MAX || block <= 0) {
            throw new HoldfastException(ErrorCode.DAMAGED, "dead tree item for block %d is damaged".formatted(block));
        }
        return new DeadTree(v.getLong(0), new BlockPointer(block, v.getLong(8)), v.get(16));
    }
}
