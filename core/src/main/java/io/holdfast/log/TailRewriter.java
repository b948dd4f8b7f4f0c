package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockCheck;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes records again, to the blocks where they are, with the content that they have: also to those copies of headers
 * and payloads that were not written as a whole.
 *
 * <p>A record that was not known to be durable may have been read from a cache: of the drive, or of the host. If a flush
 * of an earlier mount failed, that cache may have forgotten that it still has to write the record; a later flush then
 * succeeds without it (Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020). A write makes the
 * next flush cover it.
 *
 * <p>Invariant: a block of data is written only if what is written matches the checksum that the record has of it. Used by
 * one thread.
 */
final class TailRewriter {
    private final BlockStore store;
    private final Device device;
    private final Checksum checksum;
    private final BufferPool buffers;

    private final RecordReader reader;

    /** The blocks that are written next, side by side: the checksum of each, or its content if that is known. */
    private final long[] checksums;

    private final byte[] @Nullable [] contents;

    private long start;
    private int count;

    /** @param buffers of at least one block */
    TailRewriter(BlockStore store, Checksum checksum, BufferPool buffers, RecordReader reader) {
        this.store = store;
        this.device = store.device();
        this.checksum = checksum;
        this.buffers = buffers;
        this.reader = reader;
        this.checksums = new long[buffers.blocksPerBuffer()];
        this.contents = new byte[checksums.length][];
    }

    /**
     * Writes a record again, now or with a later one. Data that cannot be read, or does not match, stays as it is.
     *
     * @param entries with each payload replaced by its content
     */
    void rewrite(LogRecord record, List<LogEntry> entries) throws HoldfastException {
        byte[] header = record.encode(checksum);
        byte[] twin = header.clone();
        LogRecord.becomeTwin(checksum, twin);
        block(record.block(), 0, header);
        block(record.twin(), 0, twin);
        for (LogEntry entry : record.entries()) {
            if (entry instanceof LogEntry.Payload payload) {
                rewrite(record, payload);
            }
        }
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Extent extent && extent.proven()) {
                for (int i = 0; i < extent.count(); i++) {
                    block(extent.block() + i, extent.checksums()[i], null);
                }
            }
        }
    }

    private void rewrite(LogRecord record, LogEntry.Payload payload) throws HoldfastException {
        List<byte[]> blocks = new ArrayList<>();
        for (LogEntry.PayloadBlock each : payload.blocks()) {
            byte[] content = reader.payloadBlock(record, each);
            if (content == null) {
                return;
            }
            blocks.add(content);
        }
        for (int i = 0; i < blocks.size(); i++) {
            block(payload.blocks().get(i).block(), 0, blocks.get(i));
        }
        for (int i = 0; i < blocks.size(); i++) {
            block(payload.blocks().get(i).twin(), 0, blocks.get(i));
        }
    }

    private void block(long block, long expected, byte @Nullable [] content) throws HoldfastException {
        if (count == checksums.length || start + count != block) {
            finish();
            start = block;
        }
        contents[count] = content;
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
            write(memory, answer, blocks);
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    /** Writes blocks in pieces, between those that could not be read or do not match. */
    private void write(MemorySegment memory, Answer answer, int blocks) throws HoldfastException {
        int at = 0;
        while (at < blocks) {
            BlockBuffer buffer = buffers.take();
            int filled = 0;
            while (at + filled < blocks && fill(buffer, filled, memory, answer, at + filled)) {
                filled++;
            }
            write(buffer, start + at, filled);
            at += filled + 1;
        }
    }

    /** Puts a block into the buffer; returns false if its content is not known. */
    private boolean fill(BlockBuffer buffer, int slot, MemorySegment memory, Answer answer, int index) {
        byte[] content = contents[index];
        if (content != null) {
            buffer.copy(slot, content);
            return true;
        }
        return answer.isGood(index)
                && buffer.fill(slot, memory, (long) index * Block.SIZE, checksum) == checksums[index];
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
