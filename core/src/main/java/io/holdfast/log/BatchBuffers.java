package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.format.LogRecord;
import io.holdfast.space.SpaceManager;

/** The memory in which batches of data are sealed: buffers for records of any length, and short ones. */
final class BatchBuffers {
    /** Most blocks of a batch in a short buffer: one NBD request of a usual size. */
    private static final int SHORT_BLOCKS = 16;

    private final Checksum checksum;
    private final SpaceManager space;
    private final BufferPool buffers;
    private final BufferPool shortBuffers;

    /**
     * @param buffersMax records of any length being filled or written at the same time
     * @param shortBuffersMax short ones: many can be under way in little memory
     */
    BatchBuffers(Checksum checksum, SpaceManager space, int buffersMax, int shortBuffersMax) {
        this.checksum = checksum;
        this.space = space;
        this.buffers = new BufferPool(buffersMax, LogRecord.DATA_BLOCKS_MAX + LogRecord.COPIES);
        this.shortBuffers = BufferPool.beside(shortBuffersMax, SHORT_BLOCKS + LogRecord.COPIES, buffers);
    }

    /** Starts a batch for up to {@code blocks} blocks; waits for a buffer. */
    DataBatch batch(long inode, boolean noChecksum, int blocks) {
        BufferPool pool = blocks <= SHORT_BLOCKS ? shortBuffers : buffers;
        return new DataBatch(pool, checksum, inode, noChecksum, blocks, space.emptyReservation());
    }

    /** Returns a pool beside these. */
    BufferPool beside(int buffersMax, int blocks) {
        return BufferPool.beside(buffersMax, blocks, buffers, shortBuffers);
    }

    int inUse() {
        return buffers.inUse() + shortBuffers.inUse();
    }

    void close() {
        buffers.close();
        shortBuffers.close();
    }
}
