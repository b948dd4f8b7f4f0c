package io.holdfast.format;

import static io.holdfast.format.LittleEndian.getLong;
import static io.holdfast.format.LittleEndian.putLong;

/**
 * An entry of a file's block map: 16 bytes, in leaves for one block, in inner nodes for a child.
 *
 * <pre>
 *     0  device block   48 bits
 *     6  state           8 bits   0 hole, 1 unwritten, 2 written, 3 written without checksum, 4 node below
 *     7  reserved        8 bits   (compressed runs: position in the run)
 *     8  checksum       64 bits   of the block's 4096 bytes; 0 in states 0, 1 and 3
 * </pre>
 *
 * <p>Hole and unwritten may stand in an inner node: then they hold for everything below. The first eight bytes are
 * called the entry's <em>word</em>; a word of zero is a hole.
 */
public final class MapEntry {
    public static final int SIZE_LOG2 = 4;
    public static final int SIZE = 1 << SIZE_LOG2;
    /** Entries in a node. */
    public static final int FANOUT = Block.SIZE / SIZE;

    public static final int FANOUT_LOG2 = Block.SIZE_LOG2 - SIZE_LOG2;

    /** Levels a map can have: 2^52 blocks make 2^64 bytes. */
    public static final int LEVELS_MAX = 7;

    public static final int HOLE = 0;
    public static final int UNWRITTEN = 1;
    public static final int WRITTEN = 2;
    public static final int WRITTEN_NO_CHECKSUM = 3;
    public static final int NODE = 4;

    private static final long BLOCK_MASK = (1L << 48) - 1;

    private MapEntry() {}

    public static long word(int state, long block) {
        return ((long) state << 48) | block;
    }

    public static int state(long word) {
        return (int) (word >>> 48);
    }

    public static long block(long word) {
        return word & BLOCK_MASK;
    }

    public static boolean isData(long word) {
        int state = state(word);
        return state == WRITTEN || state == WRITTEN_NO_CHECKSUM;
    }

    public static long wordAt(byte[] node, int slot) {
        return getLong(node, slot << SIZE_LOG2);
    }

    public static long checksumAt(byte[] node, int slot) {
        return getLong(node, (slot << SIZE_LOG2) + 8);
    }

    public static void put(byte[] node, int slot, long word, long checksum) {
        putLong(node, slot << SIZE_LOG2, word);
        putLong(node, (slot << SIZE_LOG2) + 8, checksum);
    }

    /** Returns log2 of the blocks below a node of a level; a leaf has level 1. */
    public static int spanLog2(int level) {
        return Math.min(level * FANOUT_LOG2, 62);
    }
}
