package io.holdfast.check;

import io.holdfast.format.Layout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A set of blocks as a bitmap in pieces: 4 KiB for each 128 MiB of the volume that has blocks in the set, outside the heap:
 * a server that is checked has a small one. Not thread-safe.
 */
final class BlockSet {
    private static final int WORDS = Layout.BITMAP_WORDS;
    private static final int BLOCKS = WORDS * Long.SIZE;
    /** Pieces in one allocation. */
    private static final int SLAB_PIECES = 64;

    private final Arena arena;
    /** The number of each piece, from 1 on; 0 if none of its blocks is in the set. */
    private final int[] pieces;

    private final List<MemorySegment> slabs = new ArrayList<>();
    private int count;

    /** @param arena where the pieces lie */
    BlockSet(long blocks, Arena arena) {
        this.arena = arena;
        pieces = new int[Math.toIntExact(Math.ceilDiv(blocks, BLOCKS))];
    }

    /** Adds a block; returns false if it was there. */
    boolean add(long block) {
        int index = (int) (block / BLOCKS);
        int word = (int) (block % BLOCKS) >>> 6;
        long bit = 1L << block;
        long before = word(index, word);
        if ((before & bit) != 0) {
            return false;
        }
        put(index, word, before | bit);
        return true;
    }

    /** Adds the blocks of a bitmap that begins at block {@code first}, a multiple of 64, as far as the set reaches. */
    void addAll(long first, long[] bits) {
        for (int i = 0; i < bits.length; i++) {
            long block = first + i * 64L;
            int index = (int) (block / BLOCKS);
            if (bits[i] != 0 && index < pieces.length) {
                int word = (int) (block % BLOCKS) >>> 6;
                put(index, word, word(index, word) | bits[i]);
            }
        }
    }

    /** Takes all blocks out. The memory stays. */
    void clear() {
        slabs.forEach(slab -> slab.fill((byte) 0));
    }

    boolean contains(long block) {
        return (wordOf(block) & (1L << block)) != 0;
    }

    /** Returns the bits of the 64 blocks that a block is among, the first one in the lowest bit. */
    long wordOf(long block) {
        int index = (int) (block / BLOCKS);
        return index < pieces.length ? word(index, (int) (block % BLOCKS) >>> 6) : 0;
    }

    /** Returns whether the set has blocks in the 128 MiB around a block. */
    boolean hasSomeNear(long block) {
        int index = (int) (block / BLOCKS);
        return index < pieces.length && pieces[index] != 0;
    }

    /** Returns how many blocks are here from {@code first} to {@code end}, exclusive. */
    long count(long first, long end) {
        long count = 0;
        for (long block = first; block < end; block = (block & -64L) + 64) {
            long seen = -1L << block;
            if ((block & -64L) + 64 > end) {
                seen &= ~(-1L << end);
            }
            count += Long.bitCount(word((int) (block / BLOCKS), (int) (block % BLOCKS) >>> 6) & seen);
        }
        return count;
    }

    private long word(int index, int word) {
        int piece = pieces[index];
        return piece == 0 ? 0 : slab(piece).getAtIndex(ValueLayout.JAVA_LONG, at(piece, word));
    }

    private void put(int index, int word, long value) {
        if (pieces[index] == 0) {
            if (count % SLAB_PIECES == 0) {
                slabs.add(arena.allocate((long) SLAB_PIECES * WORDS * Long.BYTES, Long.BYTES));
            }
            count++;
            pieces[index] = count;
        }
        int piece = pieces[index];
        slab(piece).setAtIndex(ValueLayout.JAVA_LONG, at(piece, word), value);
    }

    private MemorySegment slab(int piece) {
        return slabs.get((piece - 1) / SLAB_PIECES);
    }

    private static long at(int piece, int word) {
        return (piece - 1) % SLAB_PIECES * (long) WORDS + word;
    }
}
