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
 * The chain of records: each header names the blocks of the next one and of that one's twin, and has the checksum of the
 * header before. The log's lock guards all but the counts.
 *
 * <p>Invariants: the blocks of {@code nextHeader} are taken from the log's space and not written yet: side by side where
 * its run has two. A record with a place is in the chain for good and must be written.
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
    /** The places of the next header and of its twin. */
    private List<Run> nextHeader;

    private long previousChecksum;

    private final AtomicLong records = new AtomicLong();
    private final AtomicLong blocksSinceCheckpoint = new AtomicLong();
    private final AtomicLong recordsSinceCheckpoint = new AtomicLong();

    /**
     * Begins or continues a chain.
     *
     * @param volume the mark of the volume
     * @param start the place of the first record; without a block, it gets two of the log's space, which has them ready
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
        this.nextHeader = start.block() == 0
                ? logSpace.take(LogRecord.COPIES)
                : List.of(new Run(start.block(), start.block() + 1), new Run(start.twin(), start.twin() + 1));
    }

    /** Returns the sequence number of the last placed record. */
    long sequence() {
        return sequence;
    }

    /** Gives the record of a mount its place: those behind it have the mount's log id. */
    PlacedRecord placeMount(LogEntry.Mount mount, BlockBuffer buffer) {
        long before = logId;
        logId = mount.logId();
        return place(before, List.of(mount), buffer, 0, List.of(), List.of());
    }

    /**
     * Gives a record its place. The log's space has {@value LogRecord#COPIES} more blocks ready.
     *
     * @param blocks how many there are behind header and twin in the buffer
     * @param places of these blocks
     * @param twins where they are written once more; none for data
     */
    PlacedRecord place(List<LogEntry> entries, BlockBuffer buffer, int blocks, List<Run> places, List<Run> twins) {
        return place(logId, entries, buffer, blocks, places, twins);
    }

    private PlacedRecord place(
            long id, List<LogEntry> entries, BlockBuffer buffer, int blocks, List<Run> places, List<Run> twins) {
        List<Run> header = nextHeader;
        nextHeader = logSpace.take(LogRecord.COPIES);
        sequence++;
        LogRecord record = new LogRecord(
                volume,
                id,
                sequence,
                flushGate.durable(),
                first(header),
                twin(header),
                previousChecksum,
                position(),
                entries);
        record.encode(checksum, headerScratch);
        previousChecksum = LogRecord.checksumOf(headerScratch);
        buffer.copy(0, headerScratch);
        LogRecord.becomeTwin(checksum, headerScratch);
        buffer.copy(1, headerScratch);
        space.release(first(header));
        space.release(twin(header));
        records.incrementAndGet();
        recordsSinceCheckpoint.incrementAndGet();
        blocksSinceCheckpoint.addAndGet(LogRecord.COPIES + (long) blocks * (twins.isEmpty() ? 1 : 2));
        return new PlacedRecord(sequence, header, places, twins, buffer.seal(LogRecord.COPIES + blocks));
    }

    private static long first(List<Run> header) {
        return header.getFirst().start();
    }

    private static long twin(List<Run> header) {
        return header.getLast().end() - 1;
    }

    /** Returns the position behind the last record. */
    LogPosition position() {
        Run run = logSpace.current();
        Run spare = logSpace.spare();
        return new LogPosition(
                first(nextHeader),
                twin(nextHeader),
                sequence + 1,
                logId,
                previousChecksum,
                run.start(),
                run.end(),
                spare.start(),
                spare.end());
    }

    /** Counts blocks that were written beside the records. Their extents wait in memory, so each counts as a record. */
    void addLent(long blocks, int extents) {
        blocksSinceCheckpoint.addAndGet(blocks);
        recordsSinceCheckpoint.addAndGet(extents);
    }

    /** Counts what recovery found in the log, and what the next checkpoint takes over with the rest. */
    void replayed(long found, long blocks) {
        recordsSinceCheckpoint.addAndGet(found);
        blocksSinceCheckpoint.addAndGet(found * LogRecord.COPIES + blocks);
    }

    /** Notes that a checkpoint has everything up to now. */
    void checkpointed() {
        space.keep(first(nextHeader));
        space.keep(twin(nextHeader));
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
