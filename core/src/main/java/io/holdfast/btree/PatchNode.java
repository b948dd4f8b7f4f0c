package io.holdfast.btree;

import static io.holdfast.format.LittleEndian.getInt;
import static io.holdfast.format.LittleEndian.getUnsignedShort;
import static io.holdfast.format.LittleEndian.putInt;
import static io.holdfast.format.LittleEndian.putShort;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.node.NodeReader;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Stands in the place of a node that could not be read when a batch had to change it. One block, little-endian.
 *
 * <pre>
 *      0        4      5       6       8       10        16      32         48
 *     +--------+------+-------+-------+-------+---------+-------+----------+-----+------+---+
 *     | magic  | level| depth | low   | high  | 0       | base  | changes  | low | high | 0 |
 *     | "HFTP" | u8   | u8    | u16   | u16   |         | 16    | 16       |     |      |   |
 *     +--------+------+-------+-------+-------+---------+-------+----------+-----+------+---+
 * </pre>
 *
 * <p>{@code level} is that of the node. {@code low} and {@code high} are the lengths of the first key of the range that is lost and of the
 * first key behind it, 0 if there is none; the keys follow at 48. {@code base} points to the node. {@code changes} points to the root of a
 * tree with what was changed in the range since; a removal is an item there. That tree has no patches.
 *
 * <p>A lookup asks the changes first. What they do not know is in the base. If a patch, or a part of its changes, cannot be read when the
 * next changes come, these go into another patch, whose base is the first one. {@code depth} is the number of patches that lie one below
 * the other here: 1 if the base is a node, else one more than that of the patch that is the base. The entry that points to a patch has
 * its depth, too: so it is known also while the patch cannot be read.
 *
 * @param depth 1 to {@link #DEPTH_MAX}
 * @param high null if there is none
 */
record PatchNode(int level, int depth, BlockPointer base, BlockPointer changes, byte[] low, byte @Nullable [] high)
        implements Node {
    /** So many patches lie one below the other at most. More blocks in one place that cannot be read are no rot. */
    static final int DEPTH_MAX = 8;

    private static final int MAGIC = 'H' | 'F' << 8 | 'T' << 16 | 'P' << 24;
    private static final int KEYS_AT = 48;

    static boolean hasMagic(byte[] bytes) {
        return bytes.length == Block.SIZE && getInt(bytes, 0) == MAGIC;
    }

    /** Decodes a block that matched its checksum. */
    static PatchNode decode(byte[] bytes, long block) throws HoldfastException {
        int level = bytes[4] & 0xff;
        int depth = bytes[5];
        int lowLength = getUnsignedShort(bytes, 6);
        int highLength = getUnsignedShort(bytes, 8);
        if (level >= TreeNode.LEVEL_MAX || depth < 1 || depth > DEPTH_MAX) {
            throw damaged(block, "it has level %d and depth %d".formatted(level, depth));
        }
        if (lowLength == 0 || lowLength > Item.KEY_MAX || highLength > Item.KEY_MAX) {
            throw damaged(block, "its keys have %d and %d bytes".formatted(lowLength, highLength));
        }
        int end = KEYS_AT + lowLength + highLength;
        if (!isZero(bytes, 10, 16) || !isZero(bytes, end, bytes.length)) {
            throw damaged(block, "it has something where nothing can be");
        }
        BlockPointer base = BlockPointer.decode(bytes, 16);
        BlockPointer changes = BlockPointer.decode(bytes, 32);
        if (base == null || base.isNone() || changes == null || changes.isNone()) {
            throw damaged(block, "it points nowhere");
        }
        byte[] low = Arrays.copyOfRange(bytes, KEYS_AT, KEYS_AT + lowLength);
        byte[] high = highLength == 0 ? null : Arrays.copyOfRange(bytes, KEYS_AT + lowLength, end);
        if (high != null && Arrays.compareUnsigned(low, high) >= 0) {
            throw damaged(block, "its range is empty");
        }
        return new PatchNode(level, depth, base, changes, low, high);
    }

    byte[] encode() {
        byte[] bytes = new byte[Block.SIZE];
        byte[] behind = high == null ? new byte[0] : high;
        putInt(bytes, 0, MAGIC);
        bytes[4] = (byte) level;
        bytes[5] = (byte) depth;
        putShort(bytes, 6, low.length);
        putShort(bytes, 8, behind.length);
        base.encode(bytes, 16);
        changes.encode(bytes, 32);
        System.arraycopy(low, 0, bytes, KEYS_AT, low.length);
        System.arraycopy(behind, 0, bytes, KEYS_AT + low.length, behind.length);
        return bytes;
    }

    @Override
    public void requirePlace(
            long block, int parentsLevel, boolean ofChanges, byte[] parentsLow, byte @Nullable [] parentsHigh)
            throws HoldfastException {
        if (level != parentsLevel || ofChanges) {
            throw damaged(block, "it belongs to another place");
        }
        if (!Arrays.equals(low, parentsLow)) {
            throw damaged(block, "its first key is not the one its parent has for it");
        }
        if (parentsHigh != null && (high == null || Arrays.compareUnsigned(high, parentsHigh) > 0)) {
            throw damaged(block, "its range reaches into its parent's next child");
        }
    }

    /** Returns what is lost. */
    LostKeys lost() {
        return new LostKeys(base, level, low, high);
    }

    /** Returns whether there cannot be such a key below: its range lies elsewhere. */
    boolean isOutside(byte[] key) {
        return Arrays.compareUnsigned(key, low) < 0 || (high != null && Arrays.compareUnsigned(key, high) >= 0);
    }

    /** Returns this patch with other changes. */
    PatchNode with(BlockPointer newChanges) {
        return new PatchNode(level, depth, base, newChanges, low, high);
    }

    /** Reads the node whose place this has. It may be readable again. */
    Node readBase(NodeReader reader) throws HoldfastException {
        Node node;
        try {
            node = Node.decode(reader.read(base, TreeNode.STRUCTURE), base.block());
            node.requirePlace(base.block(), level, false, low, high);
            if (node.depth() != depth - 1) {
                throw damaged(base.block(), "the patch above it, of depth %d, needs another".formatted(depth));
            }
        } catch (HoldfastException e) {
            throw new LostKeysException(e);
        }
        return node;
    }

    /** Reads the root of the changes. */
    TreeNode readChanges(NodeReader reader) throws HoldfastException {
        return TreeNode.readRoot(reader, changes, true);
    }

    private static boolean isZero(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static HoldfastException damaged(long block, String what) {
        return TreeNode.damaged(block, what);
    }
}
