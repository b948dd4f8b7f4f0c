package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockCheck;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Writes records again, to the blocks where they are, with the content that they have.
 *
 * <p>A record that was not known to be durable may have been read from a cache: of the drive, or of the host. If a flush
 * of an earlier mount failed, that cache may have forgotten that it still has to write the record; a later flush then
 * succeeds without it (Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020). A write makes the
 * next flush cover it.
 *
 * <p>Invariant: a block is written only if the copy that is written matches the checksum that the record has of it. Used
 * by one thread.
 */
final class TailRewriter {
    private final BlockStore store;
    private final Device device;
    private final Checksum checksum;
    private final BufferPool buffers;

    /** The blocks that are written next, side by side, and the checksum of each. */
    private final long[] checksums;

    private long start;
    private int count;

    /** @param buffers of at least one block */
    TailRewriter(BlockStore store, Checksum checksum, BufferPool buffers) {
        this.store = store;
        this.device = store.device();
        this.checksum = checksum;
        this.buffers = buffers;
        this.checksums = new long[buffers.blocksPerBuffer()];
    }

    /**
     * Writes a record again, now or with a later one. What cannot be read, or does not match, stays as it is.
     *
     * @param entries with each payload replaced by its content
     */
    void rewrite(LogRecord record, List<LogEntry> entries) throws HoldfastException {
        block(record.block(), checksum.of(record.encode(checksum)));
        for (LogEntry entry : record.entries()) {
            if (entry instanceof LogEntry.Payload payload) {
                for (BlockPointer pointer : payload.blocks()) {
                    block(pointer.block(), pointer.checksum());
                }
            }
        }
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Extent extent && extent.proven()) {
                for (int i = 0; i < extent.count(); i++) {
                    block(extent.block() + i, extent.checksums()[i]);
                }
            }
        }
    }

    private void block(long block, long expected) throws HoldfastException {
        if (count == checksums.length || start + count != block) {
            finish();
            start = block;
        }
        checksums[count++] = expected;
    }

    /** Writes what is left; the caller flushes. */
    void finish() throws HoldfastException {
        int blocks = count;
        count = 0;
        if (blocks == 0) {
            return;
        }
        MemorySegment memory = buffers.takeMemory();
        try {
            Answer answer = store.read(
                    BlockStore.Kind.LOG, start, memory.asSlice(0, (long) blocks * Block.SIZE), BlockCheck.NONE);
            int from = 0;
            while (from < blocks) {
                int bad = answer.nextBad(from);
                write(memory, from, bad < 0 ? blocks : bad);
                from = (bad < 0 ? blocks : bad) + 1;
            }
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    /** Writes blocks {@code from} to {@code end}, in pieces between those that do not match. */
    private void write(MemorySegment memory, int from, int end) throws HoldfastException {
        int at = from;
        while (at < end) {
            BlockBuffer buffer = buffers.take();
            int filled = 0;
            while (at + filled < end
                    && buffer.fill(filled, memory, (long) (at + filled) * Block.SIZE, checksum)
                            == checksums[at + filled]) {
                filled++;
            }
            write(buffer, start + at, filled);
            at += filled;
            if (at < end) {
                at++;
            }
        }
    }

    private void write(BlockBuffer buffer, long block, int blocks) throws HoldfastException {
        if (blocks == 0) {
            buffer.discard();
            return;
        }
        SealedBuffer sealed = buffer.seal(blocks);
        try {
            device.write(block, sealed);
        } finally {
            sealed.release();
        }
    }
}
