package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.format.Block;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Reservation;
import io.holdfast.space.Run;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Data blocks of one file on their way into a log record: copied into private memory, with the checksums of the copies.
 * The first slots of the buffer are kept for the record's header and its twin. One thread owns it, and ends it with {@link WriteLog#append} or
 * {@link #discard}; if it was shown, with {@link #endShow} after that.
 */
public final class DataBatch {
    private final BlockBuffer buffer;
    private final Checksum checksum;
    private final long inode;
    private final boolean noChecksum;
    private final long[] fileBlocks;
    private final long[] checksums;
    private final long[] nodes;
    private final Reservation reserved;
    private int size;

    /**
     * @param reserved empty; takes over the reservations of the blocks
     * @param blocksMax at most what a pool's buffer holds beside header and twin, and what a record holds
     */
    DataBatch(BufferPool pool, Checksum checksum, long inode, boolean noChecksum, int blocksMax, Reservation reserved) {
        this.reserved = reserved;
        this.nodes = new long[blocksMax];
        this.fileBlocks = new long[blocksMax];
        this.checksums = new long[blocksMax];
        this.buffer = pool.take();
        this.checksum = checksum;
        this.inode = inode;
        this.noChecksum = noChecksum;
    }

    /** Copies one block; blocks must come in ascending order. */
    public void add(long fileBlock, MemorySegment source) {
        add(fileBlock, source, 0);
    }

    /** Copies the block at {@code offset} of the source; blocks must come in ascending order. */
    public void add(long fileBlock, MemorySegment source, long offset) {
        if (size > 0 && fileBlocks[size - 1] >= fileBlock) {
            throw new IllegalArgumentException("blocks out of order");
        }
        fileBlocks[size] = fileBlock;
        checksums[size] = buffer.fill(LogRecord.COPIES + size, source, offset, checksum);
        Inject.at(Point.BLOCK_SEALED);
        size++;
    }

    /** Takes over the reservation of the block added last: one block for itself, the others for the map's nodes. */
    public void takeOver(Reservation from) {
        nodes[size - 1] = from.blocks() - 1;
        from.moveTo(reserved);
    }

    /** Takes over the reservation of all blocks so far, {@code each} for each of them. */
    public void takeOver(Reservation from, long each) {
        Arrays.fill(nodes, 0, size, each - 1);
        from.moveTo(reserved, size * each);
    }

    /** Returns the unused reservation of the blocks. */
    public Reservation reserved() {
        return reserved;
    }

    /** Returns how many of the reserved blocks are for the nodes that a block may change in the map. */
    public long nodes(int index) {
        return nodes[index];
    }

    public boolean isFull() {
        return size == fileBlocks.length;
    }

    public int size() {
        return size;
    }

    public long inode() {
        return inode;
    }

    public boolean noChecksum() {
        return noChecksum;
    }

    public long fileBlock(int index) {
        return fileBlocks[index];
    }

    /** Returns the end of the blocks from {@code index} on that follow each other in the file, {@code end} at most. */
    public int runEnd(int index, int end) {
        int next = index + 1;
        while (next < end && fileBlocks[next] == fileBlocks[next - 1] + 1) {
            next++;
        }
        return next;
    }

    /** Returns the checksum of the copy of a block. */
    public long checksum(int index) {
        return checksums[index];
    }

    /** Returns the checksums of the copies of all blocks: the batch's own array, not to be changed. */
    public long[] checksums() {
        if (!isFull()) {
            throw new IllegalStateException("%d of %d blocks are there".formatted(size, fileBlocks.length));
        }
        return checksums;
    }

    /** Returns an upper bound of the bytes of {@link #extents} if the blocks get places in so many pieces. */
    int extentBytesMax(int pieces) {
        int runs = 0;
        for (int i = 0; i < size; i = runEnd(i, size)) {
            runs++;
        }
        return Math.min(size, runs + pieces - 1) * LogEntry.Extent.HEAD_BYTES + size * Long.BYTES;
    }

    /** Returns the entries that name the blocks' places. */
    List<LogEntry> extents(List<Run> places) {
        List<LogEntry> extents = new ArrayList<>();
        int index = 0;
        for (Run run : places) {
            int begin = index;
            int end = begin + (int) run.length();
            while (index < end) {
                int next = runEnd(index, end);
                extents.add(new LogEntry.Extent(
                        inode,
                        fileBlocks[index],
                        run.start() + index - begin,
                        next - index,
                        noChecksum,
                        Arrays.copyOfRange(checksums, index, next)));
                index = next;
            }
        }
        return extents;
    }

    /**
     * Lets readers read the copies until {@link #endShow}, whatever becomes of the batch.
     *
     * @return a read-only view of the copies, in their order; not to be used after {@link #endShow}
     */
    public MemorySegment show() {
        return buffer.show().asSlice((long) LogRecord.COPIES * Block.SIZE, (long) size * Block.SIZE);
    }

    /** Ends the show: nobody reads the copies any more. Called after {@link WriteLog#append} has ended. */
    public void endShow() {
        buffer.endShow();
    }

    BlockBuffer buffer() {
        return buffer;
    }

    /** Gives back the memory and the reservation; writes nothing. */
    public void discard() {
        reserved.close();
        buffer.discard();
    }
}
