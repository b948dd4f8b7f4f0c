package io.holdfast.mapping;

import static io.holdfast.format.LittleEndian.getLong;
import static io.holdfast.format.LittleEndian.putLong;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.MapEntry;

/**
 * The root of a file's block map as of a checkpoint: the value of its map item.
 *
 * <pre>
 *    0  word       u64   a map entry: hole, unwritten, or node
 *    8  checksum   u64   of the root node
 *   16  data       u64   blocks written below
 *   24  unwritten  u64   blocks promised below
 *   32  levels     u8    of nodes below; a map of n levels spans 256^n blocks
 *   33  reserved   7 bytes
 * </pre>
 *
 * <p>Both counts include the subtrees that were cut off the map and are not freed yet.
 */
public record MapRoot(long word, long checksum, long dataBlocks, long unwrittenBlocks, int levels) {
    public static final MapRoot EMPTY = new MapRoot(0, 0, 0, 0, 1);
    public static final int BYTES = 40;

    private static final int LEVELS_AT = 32;
    private static final int RESERVED_AT = 33;

    /** Returns this root without blocks of a cut-off subtree that were freed. */
    public MapRoot without(long data, long unwritten) {
        return new MapRoot(
                word, checksum, Math.max(0, dataBlocks - data), Math.max(0, unwrittenBlocks - unwritten), levels);
    }

    public byte[] encode() {
        byte[] b = new byte[BYTES];
        putLong(b, 0, word);
        putLong(b, 8, checksum);
        putLong(b, 16, dataBlocks);
        putLong(b, 24, unwrittenBlocks);
        b[LEVELS_AT] = (byte) levels;
        return b;
    }

    public static MapRoot decode(byte[] b, long inode) throws HoldfastException {
        if (b.length != BYTES) {
            throw damaged(inode, "has %d bytes".formatted(b.length));
        }
        for (int i = RESERVED_AT; i < BYTES; i++) {
            if (b[i] != 0) {
                throw damaged(inode, "has reserved bytes that are not 0");
            }
        }
        int levels = b[LEVELS_AT];
        long word = getLong(b, 0);
        int state = MapEntry.state(word);
        if (levels < 1
                || levels > MapEntry.LEVELS_MAX
                || (state != MapEntry.HOLE && state != MapEntry.UNWRITTEN && state != MapEntry.NODE)
                || !MapEntry.isPossible(word)
                || (state == MapEntry.NODE) != (MapEntry.block(word) != 0)) {
            throw damaged(inode, "has %d levels and word %#x".formatted(levels, word));
        }
        if (getLong(b, 16) < 0 || getLong(b, 24) < 0) {
            throw damaged(
                    inode, "counts %d data blocks and %d unwritten ones".formatted(getLong(b, 16), getLong(b, 24)));
        }
        return new MapRoot(word, getLong(b, 8), getLong(b, 16), getLong(b, 24), levels);
    }

    /** Returns how many blocks the map spans; beyond them everything is a hole. */
    public long span() {
        return 1L << MapEntry.spanLog2(levels);
    }

    private static HoldfastException damaged(long inode, String why) {
        return new HoldfastException(ErrorCode.DAMAGED, "map item of inode %d is damaged: it %s".formatted(inode, why));
    }
}
