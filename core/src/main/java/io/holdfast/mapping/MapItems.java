package io.holdfast.mapping;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.MapEntry;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * The items that block maps keep in the metadata tree. Only checkpoints write them.
 *
 * <pre>
 *   key: inode u64 BE, 5             value: {@link MapRoot}
 *   key: 0 u64, 8, block u64 BE      value: inode u64 BE, checksum u64 BE, level u8   a cut-off subtree, being freed
 *   key: 0 u64, 9, inode u64 BE, level u8, first block u64 BE, block u64 BE
 *                                    value: checksum u64 BE, generation u64 BE            a lost node
 * </pre>
 *
 * <p>A lost node could not be read when a checkpoint had to change it, the one of that generation. It keeps its block, and all that
 * hangs below. The same place of a file can lose a node twice, so the key has the node's block, too.
 */
public final class MapItems {
    private static final byte MAP = 5;
    private static final byte DEAD = 8;
    private static final byte LOST = 9;
    private static final int DEAD_VALUE_BYTES = 17;
    private static final int LOST_KEY_BYTES = 34;
    private static final int LOST_VALUE_BYTES = 16;

    private MapItems() {}

    /**
     * A subtree to which only this item points.
     *
     * @param inode whose map it was cut off
     */
    public record DeadTree(long inode, BlockPointer root, int level) {}

    /**
     * A node that could not be read.
     *
     * @param inode whose map it was in
     * @param firstBlock of the file, below the node
     * @param generation of the superblock that was the first without it
     */
    public record LostNode(long inode, BlockPointer node, int level, long firstBlock, long generation) {
        /** Returns whether both were nodes above the same block of a file. */
        public boolean overlaps(LostNode other) {
            int log2 = MapEntry.spanLog2(Math.max(level, other.level));
            return inode == other.inode && firstBlock >>> log2 == other.firstBlock >>> log2;
        }

        /** Returns where in the file the blocks below it begin, in bytes. */
        public String offset() {
            return Long.toUnsignedString(firstBlock * Block.SIZE);
        }

        /**
         * Returns what to say of it.
         *
         * @param file what to call the file
         */
        public String text(String file) {
            return "up to %d blocks of %s, from offset %s on, are lost until they are written again"
                    .formatted(1L << MapEntry.spanLog2(level), file, offset());
        }

        /**
         * Returns what to say of it once nothing is lost any more.
         *
         * @param file what to call the file
         */
        public String settledText(String file) {
            return "nothing of %s is lost any more from offset %s on, but the space below the node in block %d, which could not be read, stays allocated until 'holdfast check --repair' frees it"
                    .formatted(file, offset(), node.block());
        }
    }

    public static Item lost(LostNode lost) {
        byte[] key = ByteBuffer.allocate(LOST_KEY_BYTES)
                .putLong(0)
                .put(LOST)
                .putLong(lost.inode())
                .put((byte) lost.level())
                .putLong(lost.firstBlock())
                .putLong(lost.node().block())
                .array();
        return new Item(
                key,
                ByteBuffer.allocate(LOST_VALUE_BYTES)
                        .putLong(lost.node().checksum())
                        .putLong(lost.generation())
                        .array());
    }

    public static boolean isLostKey(byte[] key) {
        return key.length >= 9 && key[8] == LOST && ByteBuffer.wrap(key).getLong() == 0;
    }

    public static byte[] firstLostKey() {
        return ByteBuffer.allocate(9).putLong(0).put(LOST).array();
    }

    public static LostNode decodeLost(byte[] key, byte[] value) throws HoldfastException {
        ByteBuffer k = ByteBuffer.wrap(key);
        if (key.length != LOST_KEY_BYTES
                || value.length != LOST_VALUE_BYTES
                || k.get(17) < 1
                || k.get(17) > MapEntry.LEVELS_MAX
                || k.getLong(18) < 0
                || k.getLong(26) <= 0) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "the item of a lost node is damaged: " + HexFormat.of().formatHex(key));
        }
        ByteBuffer v = ByteBuffer.wrap(value);
        BlockPointer node = new BlockPointer(k.getLong(26), v.getLong());
        return new LostNode(k.getLong(9), node, k.get(17), k.getLong(18), v.getLong());
    }

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
