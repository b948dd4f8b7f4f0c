package io.holdfast.check;

import io.holdfast.format.Layout;
import org.jspecify.annotations.Nullable;

/**
 * A set of blocks as a bitmap in pieces: 4 KiB for each 128 MiB of the volume that has blocks in the set. Not
 * thread-safe.
 */
final class BlockSet {
    private static final int WORDS = Layout.BITMAP_WORDS;
    private static final int BLOCKS = WORDS * Long.SIZE;

    private final long[] @Nullable [] pieces;

    BlockSet(long blocks) {
        pieces = new long[Math.toIntExact(Math.ceilDiv(blocks, BLOCKS))][];
    }

    /** Adds a block; returns false if it was there. */
    boolean add(long block) {
        long[] piece = piece((int) (block / BLOCKS));
        int word = (int) (block % BLOCKS) >>> 6;
        long bit = 1L << block;
        boolean added = (piece[word] & bit) == 0;
        piece[word] |= bit;
        return added;
    }

    /** Adds the blocks of a bitmap that begins at block {@code first}, a multiple of 64. */
    void addAll(long first, long[] bits) {
        for (int i = 0; i < bits.length; i++) {
            if (bits[i] != 0) {
                long block = first + i * 64L;
                piece((int) (block / BLOCKS))[(int) (block % BLOCKS) >>> 6] |= bits[i];
            }
        }
    }

    private long[] piece(int index) {
        long[] piece = pieces[index];
        if (piece == null) {
            piece = new long[WORDS];
            pieces[index] = piece;
        }
        return piece;
    }

    boolean contains(long block) {
        return (word(block / BLOCKS, (int) (block % BLOCKS) >>> 6) & (1L << block)) != 0;
    }

    /** Returns how many blocks are here from {@code first} to {@code end}, exclusive. */
    long count(long first, long end) {
        long count = 0;
        for (long block = first; block < end; block = (block & -64L) + 64) {
            long seen = -1L << block;
            if ((block & -64L) + 64 > end) {
                seen &= ~(-1L << end);
            }
            count += Long.bitCount(word(block / BLOCKS, (int) (block % BLOCKS) >>> 6) & seen);
        }
        return count;
    }

    private long word(long index, int word) {
        long[] piece = pieces[(int) index];
        return piece == null ? 0 : piece[word];
    }

    /** Returns the first block at or after {@code from} that is in exactly one of the two sets, or -1. */
    long firstDifference(BlockSet other, long from) {
        for (long index = from / BLOCKS; index < pieces.length; index++) {
            if (pieces[(int) index] == null && other.pieces[(int) index] == null) {
                continue;
            }
            int word = index == from / BLOCKS ? (int) (from % BLOCKS) >>> 6 : 0;
            long seen = index == from / BLOCKS ? -1L << from : -1L;
            for (; word < WORDS; word++) {
                long difference = (word(index, word) ^ other.word(index, word)) & seen;
                if (difference != 0) {
                    return index * BLOCKS + word * 64L + Long.numberOfTrailingZeros(difference);
                }
                seen = -1L;
            }
        }
        return -1;
    }
}
