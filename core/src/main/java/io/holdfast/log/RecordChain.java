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
    private final long volume;
    private final byte[] headerScratch = new byte[Block.SIZE];

    private long logId;
    private long sequence;
    private long nextBlock;
    private long previousChecksum;

    private final AtomicLong records = new AtomicLong();
    private final AtomicLong blocksSinceCheckpoint = new AtomicLong();
    private final AtomicLong recordsSinceCheckpoint = new AtomicLong();

    /**
     * Begins or continues a chain.
     *
     * @param volume the mark of the volume
     * @param start the place of the first record; without a block, it gets one of the log's space, which has one ready
     */
    RecordChain(
            Checksum checksum,
            long volume,
            SpaceManager space,
            LogSpace logSpace,
            FlushGate flushGate,
            LogPosition start) {
        this.checksum = checksum;
        this.space = space;
        this.logSpace = logSpace;
        this.flushGate = flushGate;
        this.volume = volume;
        this.sequence = start.sequence() - 1;
        this.logId = start.logId();
        this.previousChecksum = start.previousChecksum();
        this.nextBlock = start.block() == 0 ? logSpace.take(1).getFirst().start() : start.block();
    }

    /** Returns the sequence number of the last placed record. */
    long sequence() {
        return sequence;
    }

    /** Gives the record of a mount its place: those behind it have the mount's log id. */
    PlacedRecord placeMount(LogEntry.Mount mount, BlockBuffer buffer) {
        long before = logId;
        logId = mount.logId();
        return place(before, List.of(mount), buffer, 0, List.of());
    }

    /** Gives a record its place. The log's space has one more block ready. */
    PlacedRecord place(List<LogEntry> entries, BlockBuffer buffer, int dataBlocks, List<Run> data) {
        return place(logId, entries, buffer, dataBlocks, data);
    }

    private PlacedRecord place(long id, List<LogEntry> entries, BlockBuffer buffer, int dataBlocks, List<Run> data) {
        long header = nextBlock;
        nextBlock = logSpace.take(1).getFirst().start();
        sequence++;
        LogRecord record =
                new LogRecord(volume, id, sequence, flushGate.durable(), header, previousChecksum, position(), entries);
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

    /** Counts what recovery found in the log, and what the next checkpoint takes over with the rest. */
    void replayed(long found, long blocks) {
        recordsSinceCheckpoint.addAndGet(found);
        blocksSinceCheckpoint.addAndGet(found + blocks);
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
