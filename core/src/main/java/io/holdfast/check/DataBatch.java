package io.holdfast.check;

import io.holdfast.format.Block;
import io.holdfast.mapping.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Data blocks that a check is to verify: where each is, whose it is, and its checksum; outside the heap. One thread fills it.
 * Then it is ordered by places on the device, and several threads read it.
 */
final class DataBatch {
    /** Most blocks of any batch: a place in it takes {@link #INDEX_BITS} bits beside the number of a block. */
    static final int BLOCKS_MAX = 1 << 20;
    /** Bytes that a block of a batch takes outside the heap; on the heap it takes 12 while the batch is read. */
    static final int RECORD_BYTES = 32;

    private static final int INDEX_BITS = 20;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final MemorySegment records;
    private final int max;
    private int size;
    /** While the batch is read: number of the block and index in the batch, ascending. */
    private long[] order = {};

    /** @param max most blocks, at most {@link #BLOCKS_MAX} */
    DataBatch(int max, Arena memory) {
        this.max = max;
        this.records = memory.allocate((long) max * RECORD_BYTES, Block.SIZE);
    }

    int size() {
        return size;
    }

    void add(long inode, long fileBlock, Mapping mapping) {
        if (size == max) {
            throw new IllegalStateException("more than %d blocks".formatted(max));
        }
        long at = (long) size++ * RECORD_BYTES;
        records.set(LONG, at, inode);
        records.set(LONG, at + 8, fileBlock);
        records.set(LONG, at + 16, mapping.word());
        records.set(LONG, at + 24, mapping.checksum());
    }

    /** Forgets what was added since there were so many. */
    void truncate(int blocks) {
        size = Math.min(size, blocks);
    }

    long inode(int index) {
        return records.get(LONG, (long) index * RECORD_BYTES);
    }

    long fileBlock(int index) {
        return records.get(LONG, (long) index * RECORD_BYTES + 8);
    }

    Mapping mapping(int index) {
        long at = (long) index * RECORD_BYTES;
        return new Mapping(records.get(LONG, at + 16), records.get(LONG, at + 24), 0);
    }

    /** Orders the blocks by their places. Nothing is added until {@link #clear}. */
    void sort() {
        order = new long[size];
        for (int i = 0; i < size; i++) {
            order[i] = mapping(i).block() << INDEX_BITS | i;
        }
        Arrays.sort(order);
    }

    /** Returns the block that is the {@code rank}th on the device. */
    long blockAt(int rank) {
        return order[rank] >>> INDEX_BITS;
    }

    /** Returns the index of the block that is the {@code rank}th on the device. */
    int indexAt(int rank) {
        return (int) order[rank] & (BLOCKS_MAX - 1);
    }

    void clear() {
        size = 0;
        order = new long[0];
    }
}
