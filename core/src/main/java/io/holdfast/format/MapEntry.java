package io.holdfast.format;

import static io.holdfast.format.LittleEndian.getLong;
import static io.holdfast.format.LittleEndian.putLong;

/**
 * An entry of a file's block map: 16 bytes, in leaves for one block, in inner nodes for a child.
 *
 * <pre>
 *   bit 0   device block   44 bits
 *      44   state           4 bits   0 hole, 1 unwritten, 2 written, 3 written without checksum, 4 node below;
 *                                    6 lost; reserved: 5 compressed run
 *      48   reserved        1 bit    (may be shared)
 *      49   reserved        5 bits   (position in a compressed run)
 *      54   reserved        5 bits   (stored blocks of a compressed run, less one)
 *      59   0
 *      64   checksum       64 bits   of the block's 4096 bytes; 0 in states 0, 1 and 3
 * </pre>
 *
 * <p>Hole, unwritten and lost may stand in an inner node: then they hold for everything below. Lost is what nobody knows any
 * more: the node that said it could not be read when a checkpoint had to change it. The first eight bytes are called the entry's
 * <em>word</em>; a word of zero is a hole.
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
    public static final int LOST = 6;

    private static final int STATE_AT = 44;
    private static final int STATE_BITS = 4;
    private static final long BLOCK_MASK = (1L << STATE_AT) - 1;

    private MapEntry() {}

    public static long word(int state, long block) {
        return ((long) state << STATE_AT) | block;
    }

    public static int state(long word) {
        return (int) (word >>> STATE_AT) & ((1 << STATE_BITS) - 1);
    }

    /** Returns whether a word on disk has only what this version knows: no other state, and no reserved bit. */
    public static boolean isPossible(long word) {
        return word >>> (STATE_AT + STATE_BITS) == 0 && (state(word) <= NODE || state(word) == LOST);
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
