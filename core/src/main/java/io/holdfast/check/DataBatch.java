package io.holdfast.check;

import io.holdfast.format.Block;
import io.holdfast.format.MapEntry;
import io.holdfast.mapping.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Data blocks that a check is to verify: where each is, whose it is, and its checksum; outside the heap. One thread fills it.
 * Then it is ordered by places on the device, and several threads read it.
 *
 * <p>It consists of cells of 16 bytes. Blocks that follow each other in a file are a run: a cell that says whose they are, then one cell for each of them.
 *
 * <pre>
 *   head of a run   bit 0   block of the file of the first one   63 bits
 *                      63   1
 *                      64   inode                                64 bits
 *   block           the entry of the map ({@link MapEntry}), in which bit 63 is 0
 * </pre>
 */
final class DataBatch {
    /** Most cells of any batch: an index takes {@link #INDEX_BITS} bits beside the number of a block. */
    static final int CELLS_MAX = 1 << 20;
    /** Bytes that a cell takes outside the heap. On the heap a block takes 12 while the batch is read. */
    static final int CELL_BYTES = MapEntry.SIZE;
    /** Cells that a block takes at most. */
    static final int CELLS_EACH = 2;

    private static final int INDEX_BITS = 20;
    private static final long HEAD = 1L << 63;
    /** Most cells of a run: nobody looks for its head for long. */
    private static final int RUN_MAX = 256;
    /** With a jump for so few blocks or less the blocks lie scattered. */
    private static final int SCATTERED_RUN = 8;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final MemorySegment cells;
    private final int max;
    private int size;
    private int blocks;
    /** Blocks that lie elsewhere on the device than behind the one before. */
    private int jumps;
    /** The head of the run that the next block may go on with; -1 for none. */
    private int head = -1;

    private long headInode;
    private long headBlock;
    private long lastPlace;
    /** While the batch is read: number of the block and index of its cell, ascending. */
    private long[] order = {};

    /** @param max most cells, at most {@link #CELLS_MAX} */
    DataBatch(int max, Arena memory) {
        this.max = max;
        this.cells = memory.allocate((long) max * CELL_BYTES, Block.SIZE);
    }

    /** Returns how many blocks there are. */
    int blocks() {
        return blocks;
    }

    /** Returns how many cells are in use. */
    int size() {
        return size;
    }

    /** Returns whether the blocks are in another order in their files than on the device. */
    boolean isScattered() {
        return jumps > blocks / SCATTERED_RUN;
    }

    /** Adds a block; there must be room for {@link #CELLS_EACH} cells. */
    void add(long inode, long fileBlock, Mapping mapping) {
        if (max - size < CELLS_EACH) {
            throw new IllegalStateException("more than %d cells".formatted(max));
        }
        int inRun = size - head;
        if (head < 0 || inode != headInode || fileBlock != headBlock + inRun - 1 || inRun == RUN_MAX) {
            head = size;
            headInode = inode;
            headBlock = fileBlock;
            put(HEAD | fileBlock, inode);
        }
        put(mapping.word(), mapping.checksum());
        blocks++;
        jumps += mapping.block() == lastPlace + 1 ? 0 : 1;
        lastPlace = mapping.block();
    }

    private void put(long word, long second) {
        long at = (long) size++ * CELL_BYTES;
        cells.set(LONG, at, word);
        cells.set(LONG, at + 8, second);
    }

    /**
     * How much a batch has.
     *
     * @param size in cells
     */
    record Mark(int size, int blocks, int jumps) {
        static final Mark EMPTY = new Mark(0, 0, 0);
    }

    Mark mark() {
        return new Mark(size, blocks, jumps);
    }

    /** Forgets what was added since. */
    void truncate(Mark to) {
        size = to.size;
        blocks = to.blocks;
        jumps = to.jumps;
        head = -1;
    }

    private long word(int index) {
        return cells.get(LONG, (long) index * CELL_BYTES);
    }

    private long second(int index) {
        return cells.get(LONG, (long) index * CELL_BYTES + 8);
    }

    private boolean isHead(int index) {
        return (word(index) & HEAD) != 0;
    }

    private int headOf(int index) {
        int at = index;
        while (!isHead(at)) {
            at--;
        }
        return at;
    }

    /** Returns whose block it is that has a cell. */
    long inode(int index) {
        return second(headOf(index));
    }

    /** Returns which block of the file it is that has a cell. */
    long fileBlock(int index) {
        int first = headOf(index);
        return (word(first) & ~HEAD) + index - first - 1;
    }

    /** Returns what the cell of a block has. */
    Mapping mapping(int index) {
        return new Mapping(word(index), second(index), 0);
    }

    /** Orders the blocks by their places. Nothing is added until {@link #clear}. */
    void sort() {
        order = new long[blocks];
        int rank = 0;
        for (int i = 0; i < size; i++) {
            if (!isHead(i)) {
                order[rank++] = MapEntry.block(word(i)) << INDEX_BITS | i;
            }
        }
        Arrays.sort(order);
    }

    /** Returns the block that is the {@code rank}th on the device. */
    long blockAt(int rank) {
        return order[rank] >>> INDEX_BITS;
    }

    /** Returns the index of the cell of the block that is the {@code rank}th on the device. */
    int indexAt(int rank) {
        return (int) order[rank] & (CELLS_MAX - 1);
    }

    void clear() {
        truncate(Mark.EMPTY);
        order = new long[0];
    }
}
