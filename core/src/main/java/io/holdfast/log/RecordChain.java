package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BlockBuffer;
import io.holdfast.format.Block;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The chain of records: each header names the block of the next one and has the checksum of the one before. The log's
 * lock guards all but the counts.
 *
 * <p>Invariants: {@code nextBlock} is taken from the log's space and not written yet. A record with a place is in the
 * chain for good and must be written.
 */
final class RecordChain {
    private final Checksum checksum;
    private final SpaceManager space;
    private final LogSpace logSpace;
    private final FlushGate flushGate;
    private final long logId;
    private final byte[] headerScratch = new byte[Block.SIZE];

    private long sequence;
    private long nextBlock;
    private long previousChecksum;

    private final AtomicLong records = new AtomicLong();
    private final AtomicLong blocksSinceCheckpoint = new AtomicLong();
    private final AtomicLong recordsSinceCheckpoint = new AtomicLong();

    /**
     * Begins a chain. The log's space has a block ready.
     *
     * @param startSequence sequence number of the last record in the checkpoint
     * @param logId random number of this mount
     */
    RecordChain(
            Checksum checksum,
            SpaceManager space,
            LogSpace logSpace,
            FlushGate flushGate,
            long startSequence,
            long logId) {
        this.checksum = checksum;
        this.space = space;
        this.logSpace = logSpace;
        this.flushGate = flushGate;
        this.sequence = startSequence;
        this.logId = logId;
        this.nextBlock = logSpace.take(1).getFirst().start();
    }

    /** Returns the sequence number of the last placed record. */
    long sequence() {
        return sequence;
    }

    /** Gives a record its place. The log's space has one more block ready. */
    PlacedRecord place(List<LogEntry> entries, BlockBuffer buffer, int dataBlocks, List<Run> data) {
        long header = nextBlock;
        nextBlock = logSpace.take(1).getFirst().start();
        sequence++;
        LogRecord record =
                new LogRecord(logId, sequence, flushGate.durable(), header, previousChecksum, position(), entries);
        record.encode(checksum, headerScratch);
        previousChecksum = LogRecord.checksumOf(headerScratch);
        buffer.copy(0, headerScratch);
        space.release(header);
        records.incrementAndGet();
        recordsSinceCheckpoint.incrementAndGet();
        blocksSinceCheckpoint.addAndGet(1L + dataBlocks);
        return new PlacedRecord(sequence, header, data, buffer.seal(1 + dataBlocks));
    }

    /** Returns the position behind the last record. */
    LogPosition position() {
        Run run = logSpace.current();
        Run spare = logSpace.spare();
        return new LogPosition(
                nextBlock, sequence + 1, logId, previousChecksum, run.start(), run.end(), spare.start(), spare.end());
    }

    /** Counts blocks that were written beside the records. Their extents wait in memory, so each counts as a record. */
    void addLent(long blocks, int extents) {
        blocksSinceCheckpoint.addAndGet(blocks);
        recordsSinceCheckpoint.addAndGet(extents);
    }

    /** Notes that a checkpoint has everything up to now. */
    void checkpointed() {
        space.keep(nextBlock);
        blocksSinceCheckpoint.set(0);
        recordsSinceCheckpoint.set(0);
    }

    long blocksSinceCheckpoint() {
        return blocksSinceCheckpoint.get();
    }

    long recordsSinceCheckpoint() {
        return recordsSinceCheckpoint.get();
    }

    long records() {
        return records.get();
    }
}
