package io.holdfast.mapping;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The memory of one file's changes: blocks of 16 bytes to 32 KiB, by Knowlton's buddy system, so that blocks that
 * were given back become larger ones again. A block is known by its number, which is never 0. Not thread-safe, but any
 * threads may read while none writes.
 *
 * <p>Invariants: memory consists of extents, which are pieces of {@link ChangeMemory}. An extent begins with a bitmap
 * that has a bit for each unit of 16 bytes: it is set exactly where a free block begins. A free block has in itself the
 * numbers of its neighbours in the list of its order, and its order. No two free blocks are buddies of one order.
 */
final class ChangeArea {
    private static final int UNIT_LOG2 = 4;
    private static final int UNIT = 1 << UNIT_LOG2;
    private static final int EXTENT_UNITS_LOG2 = ChangeMemory.SLAB_LOG2 - UNIT_LOG2;
    private static final int UNIT_MASK = (1 << EXTENT_UNITS_LOG2) - 1;
    private static final int EXTENTS_MAX = 1 << (31 - EXTENT_UNITS_LOG2);
    private static final int ORDERS = EXTENT_UNITS_LOG2;

    private static final int NEXT = 0;
    private static final int PREVIOUS = 4;
    private static final int ORDER = 8;

    private static final ChangeMemory.Piece[] NO_PIECES = {};
    private static final MemorySegment[] NO_EXTENTS = {};
    private static final int[] NO_LISTS = {};

    private final ChangeMemory memory;
    private ChangeMemory.Piece[] pieces = NO_PIECES;
    private MemorySegment[] extents = NO_EXTENTS;
    private int count;
    private long bytes;
    /** The first free block of each order, 0 if there is none. */
    private int[] free = NO_LISTS;

    ChangeArea(ChangeMemory memory) {
        this.memory = memory;
    }

    /** Returns how much memory the area has. */
    long bytes() {
        return bytes;
    }

    /**
     * Returns a block; its content is not defined.
     *
     * @param order log2 of its units of 16 bytes
     * @throws OutOfMemoryError if there is no memory; nothing was changed
     */
    int allocate(int order) {
        int found = order;
        while (found < free.length && free[found] == 0) {
            found++;
        }
        if (found >= free.length) {
            addExtent(order);
            found = order;
            while (free[found] == 0) {
                found++;
            }
        }
        int block = free[found];
        unlink(block, found);
        while (found > order) {
            found--;
            link(block + (1 << found), found);
        }
        return block;
    }

    /** Takes a block back. */
    void release(int block, int order) {
        int extent = block & ~UNIT_MASK;
        int unit = block & UNIT_MASK;
        int units = (int) (extents[block >>> EXTENT_UNITS_LOG2].byteSize() >>> UNIT_LOG2);
        int grown = order;
        while (grown < ORDERS - 1) {
            int buddy = unit ^ (1 << grown);
            if (buddy + (1 << grown) > units || !isFree(extent | buddy) || getInt(extent | buddy, ORDER) != grown) {
                break;
            }
            unlink(extent | buddy, grown);
            unit &= ~(1 << grown);
            grown++;
        }
        link(extent | unit, grown);
    }

    /** Gives everything back; all blocks are gone. */
    void releaseAll() {
        memory.giveBack(pieces, count);
        pieces = NO_PIECES;
        extents = NO_EXTENTS;
        free = NO_LISTS;
        count = 0;
        bytes = 0;
    }

    // ---- content ----

    long getLong(int block, long offset) {
        return extents[block >>> EXTENT_UNITS_LOG2].get(ValueLayout.JAVA_LONG_UNALIGNED, at(block, offset));
    }

    void putLong(int block, long offset, long value) {
        extents[block >>> EXTENT_UNITS_LOG2].set(ValueLayout.JAVA_LONG_UNALIGNED, at(block, offset), value);
    }

    int getInt(int block, long offset) {
        return extents[block >>> EXTENT_UNITS_LOG2].get(ValueLayout.JAVA_INT, at(block, offset));
    }

    void putInt(int block, long offset, int value) {
        extents[block >>> EXTENT_UNITS_LOG2].set(ValueLayout.JAVA_INT, at(block, offset), value);
    }

    /** Copies bytes, also within one block. */
    void copy(int from, long fromOffset, int to, long toOffset, long length) {
        MemorySegment.copy(
                extents[from >>> EXTENT_UNITS_LOG2],
                at(from, fromOffset),
                extents[to >>> EXTENT_UNITS_LOG2],
                at(to, toOffset),
                length);
    }

    /** Returns the memory that a block lies in. */
    MemorySegment extentOf(int block) {
        return extents[block >>> EXTENT_UNITS_LOG2];
    }

    /** Returns where in {@link #extentOf} a block begins. */
    static long offsetOf(int block) {
        return (long) (block & UNIT_MASK) << UNIT_LOG2;
    }

    private static long at(int block, long offset) {
        return offsetOf(block) + offset;
    }

    // ---- extents ----

    /** Adds an extent with a block of an order, as large as all extents before it, at most a slab. */
    private void addExtent(int order) {
        if (count == EXTENTS_MAX) {
            throw new OutOfMemoryError("the changes of one file take all of " + bytes + " bytes");
        }
        int like = bytes == 0 ? 0 : 63 - Long.numberOfLeadingZeros(bytes);
        int log2 = Math.min(
                Math.max(Math.max(ChangeMemory.PIECE_LOG2_MIN, order + UNIT_LOG2 + 1), like), ChangeMemory.SLAB_LOG2);
        makeRoom();
        ChangeMemory.Piece piece = memory.take(log2);
        pieces[count] = piece;
        extents[count] = piece.memory();
        int extent = count << EXTENT_UNITS_LOG2;
        count++;
        bytes += 1L << log2;
        int units = 1 << (log2 - UNIT_LOG2);
        int head = Math.max(1, units / Byte.SIZE / UNIT);
        piece.memory().asSlice(0, (long) head * UNIT).fill((byte) 0);
        for (int unit = head; unit < units; ) {
            int aligned = Integer.numberOfTrailingZeros(unit);
            link(extent | unit, aligned);
            unit += 1 << aligned;
        }
    }

    private void makeRoom() {
        if (free.length == 0) {
            free = new int[ORDERS];
        }
        if (count == extents.length) {
            int room = count < 2 ? count + 1 : count + count / 2;
            ChangeMemory.Piece[] morePieces = new ChangeMemory.Piece[room];
            MemorySegment[] moreExtents = new MemorySegment[room];
            System.arraycopy(pieces, 0, morePieces, 0, count);
            System.arraycopy(extents, 0, moreExtents, 0, count);
            pieces = morePieces;
            extents = moreExtents;
        }
    }

    // ---- free blocks ----

    private void link(int block, int order) {
        int next = free[order];
        putInt(block, NEXT, next);
        putInt(block, PREVIOUS, 0);
        putInt(block, ORDER, order);
        if (next != 0) {
            putInt(next, PREVIOUS, block);
        }
        free[order] = block;
        flip(block);
    }

    private void unlink(int block, int order) {
        int next = getInt(block, NEXT);
        int previous = getInt(block, PREVIOUS);
        if (previous == 0) {
            free[order] = next;
        } else {
            putInt(previous, NEXT, next);
        }
        if (next != 0) {
            putInt(next, PREVIOUS, previous);
        }
        flip(block);
    }

    private boolean isFree(int block) {
        int unit = block & UNIT_MASK;
        long word = extentOf(block).get(ValueLayout.JAVA_LONG, unit / Long.SIZE * (long) Long.BYTES);
        return ((word >>> unit) & 1) != 0;
    }

    private void flip(int block) {
        int unit = block & UNIT_MASK;
        MemorySegment extent = extentOf(block);
        long at = unit / Long.SIZE * (long) Long.BYTES;
        extent.set(ValueLayout.JAVA_LONG, at, extent.get(ValueLayout.JAVA_LONG, at) ^ (1L << unit));
    }
}
