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
 *    0  word       u64   a map entry: hole, unwritten, lost, or node
 *    8  checksum   u64   of the root node
 *   16  data       u64   blocks written below
 *   24  unwritten  u64   blocks promised below
 *   32  levels     u8    of nodes below; a map of n levels spans 256^n blocks
 *   33  reserved   7 bytes
 *   40  since      u64   only if there is an older root that nobody knows
 * </pre>
 *
 * <p>Both counts include the subtrees that were cut off the map and are not freed yet.
 *
 * <p>If the item with the root cannot be read when the log is replayed, the map begins anew, and all is lost in it that the log does
 * not have. Such a root says so. When the item of before can be read again, both become one: {@link UnknownRoot}.
 *
 * @param since generation of the superblock that was the first to have this root in the place of one that nobody knows; else 0
 */
public record MapRoot(long word, long checksum, long dataBlocks, long unwrittenBlocks, int levels, long since) {
    public static final MapRoot EMPTY = new MapRoot(0, 0, 0, 0, 1);
    public static final int BYTES = 40;
    /** Bytes of one with an older root that nobody knows. */
    public static final int BYTES_SINCE = 48;

    private static final int LEVELS_AT = 32;
    private static final int RESERVED_AT = 33;
    private static final int SINCE_AT = 40;

    public MapRoot(long word, long checksum, long dataBlocks, long unwrittenBlocks, int levels) {
        this(word, checksum, dataBlocks, unwrittenBlocks, levels, 0);
    }

    /** Returns the root of a map of which nobody knows anything. */
    public static MapRoot unknown(long since) {
        return new MapRoot(MapEntry.word(MapEntry.LOST, 0), 0, 0, 0, MapEntry.LEVELS_MAX, since);
    }

    /** Returns this root with or without an older one that nobody knows. */
    public MapRoot withSince(long newSince) {
        return new MapRoot(word, checksum, dataBlocks, unwrittenBlocks, levels, newSince);
    }

    /** Returns whether there is an older root that nobody knows. */
    public boolean hidesAnother() {
        return since != 0;
    }

    /** Returns this root without blocks of a cut-off subtree that were freed. */
    public MapRoot without(long data, long unwritten) {
        return new MapRoot(
                word,
                checksum,
                Math.max(0, dataBlocks - data),
                Math.max(0, unwrittenBlocks - unwritten),
                levels,
                since);
    }

    /** Returns this root with other counts. */
    public MapRoot withCounts(long data, long unwritten) {
        return new MapRoot(word, checksum, data, unwritten, levels, since);
    }

    public byte[] encode() {
        byte[] b = new byte[since == 0 ? BYTES : BYTES_SINCE];
        putLong(b, 0, word);
        putLong(b, 8, checksum);
        putLong(b, 16, dataBlocks);
        putLong(b, 24, unwrittenBlocks);
        b[LEVELS_AT] = (byte) levels;
        if (since != 0) {
            putLong(b, SINCE_AT, since);
        }
        return b;
    }

    public static MapRoot decode(byte[] b, long inode) throws HoldfastException {
        if (b.length != BYTES && b.length != BYTES_SINCE) {
            throw damaged(inode, "has %d bytes".formatted(b.length));
        }
        long since = b.length == BYTES ? 0 : getLong(b, SINCE_AT);
        if (b.length != BYTES && since <= 0) {
            throw damaged(inode, "is of generation " + since);
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
                || (state != MapEntry.HOLE
                        && state != MapEntry.UNWRITTEN
                        && state != MapEntry.LOST
                        && state != MapEntry.NODE)
                || !MapEntry.isPossible(word)
                || (state == MapEntry.NODE) != (MapEntry.block(word) != 0)) {
            throw damaged(inode, "has %d levels and word %#x".formatted(levels, word));
        }
        if (getLong(b, 16) < 0 || getLong(b, 24) < 0) {
            throw damaged(
                    inode, "counts %d data blocks and %d unwritten ones".formatted(getLong(b, 16), getLong(b, 24)));
        }
        return new MapRoot(word, getLong(b, 8), getLong(b, 16), getLong(b, 24), levels, since);
    }

    /** Returns how many blocks the map spans; beyond them everything is a hole. */
    public long span() {
        return 1L << MapEntry.spanLog2(levels);
    }

    private static HoldfastException damaged(long inode, String why) {
        return new HoldfastException(ErrorCode.DAMAGED, "map item of inode %d is damaged: it %s".formatted(inode, why));
    }
}
