package io.holdfast.log;

import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.format.Block;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Small changes on their way into the log. They are applied in memory and wait for a header with room. If too much
 * waits, or a flush needs them, they get a record of their own.
 *
 * <p>Invariant: a change is applied and begins to wait under one hold of the log's lock, with the gate held. So two
 * changes of one item are in the log in the order in which they were applied, and no checkpoint comes between the two
 * steps.
 */
final class SmallChanges {
    /** Small changes get a record when they reach this, a little less than a header's room. */
    private static final int WAITING_BYTES_MAX = LogRecord.ROOM * 3 / 4;

    private static final Placed NOBODY = (index, block, count) -> {};

    private final Lock gate;
    private final ReentrantLock lock;
    private final FailureLatch latch;
    private final Applier applier;
    private final LogSpace logSpace;
    private final SmallRecords records;
    private final LentWrites lent;
    private final RecordWriter writer;
    private final PendingChanges pending = new PendingChanges(SmallRecords.BYTES_MAX);

    /**
     * @param gate the log's, shared
     * @param lock the log's
     */
    SmallChanges(
            Lock gate,
            ReentrantLock lock,
            FailureLatch latch,
            Applier applier,
            LogSpace logSpace,
            SmallRecords records,
            LentWrites lent,
            RecordWriter writer) {
        this.gate = gate;
        this.lock = lock;
        this.latch = latch;
        this.applier = applier;
        this.logSpace = logSpace;
        this.records = records;
        this.lent = lent;
        this.writer = writer;
    }

    /** Applies small changes; returns false if so much waits that it must be written first. */
    boolean tryApply(List<LogEntry> changes, int bytes) throws HoldfastException {
        gate.lock();
        try {
            lock.lock();
            try {
                latch.check();
                if (!pending.isEmpty() && pending.bytes() + bytes > WAITING_BYTES_MAX) {
                    return false;
                }
                changes.forEach(applier::apply);
                pending.add(changes);
            } catch (RuntimeException | Error e) {
                // Changes may be applied that no record will have.
                throw latch.fail(e);
            } finally {
                lock.unlock();
            }
            Inject.at(Point.CHANGES_PENDING);
            return true;
        } finally {
            gate.unlock();
        }
    }

    boolean areWaiting() {
        lock.lock();
        try {
            return !pending.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    boolean fitOneRecord() {
        lock.lock();
        try {
            return pending.fitOneRecord();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the waiting changes. To be used under the log's lock. */
    PendingChanges pending() {
        return pending;
    }

    /** Places a record of the waiting changes. Called under the log's lock, with the room ready. */
    PlacedRecord placeRecord() {
        return records.place(pending);
    }

    /** Places a record of one entry. Called under the log's lock, with the room ready. */
    PlacedRecord placeAlone(LogEntry entry) {
        return records.placeAlone(entry);
    }

    /** Writes one record of the waiting changes; returns false if there is no room for it. */
    boolean tryWriteOne() throws HoldfastException {
        gate.lock();
        try {
            return writeOne(false);
        } finally {
            gate.unlock();
        }
    }

    /**
     * Does as {@link #tryWriteOne}; the caller holds the gate.
     *
     * @param freezing use the blocks that are left to a freeze
     */
    boolean writeOne(boolean freezing) throws HoldfastException {
        PlacedRecord record;
        lock.lock();
        try {
            latch.check();
            if (pending.isEmpty()) {
                return true;
            }
            long need = SmallRecords.blocksOfNext(pending.bytes());
            if (!logSpace.isReady(freezing ? need : need + freezeBlocks())) {
                return false;
            }
            record = records.place(pending);
        } catch (RuntimeException | Error e) {
            // Changes may be gone from those that wait.
            throw latch.fail(e);
        } finally {
            lock.unlock();
        }
        writer.write(record, NOBODY);
        return true;
    }

    /** Writes a record that {@link #placeRecord} made; the caller holds the gate. */
    void write(PlacedRecord record) throws HoldfastException {
        writer.write(record, NOBODY);
    }

    /**
     * Returns how many blocks all others leave to the next freeze, which writes the waiting and the unproven changes.
     * On a volume full to the last block only a checkpoint frees any, and it begins with a freeze. Called under the
     * lock.
     */
    long freezeBlocks() {
        long bytes = pending.bytes() + lent.unprovenBytes();
        return (2 + bytes / SmallRecords.BYTES_MAX) * LogRecord.COPIES + 2 * Block.count(bytes);
    }

    /** Returns how many blocks a record needs besides its own, so that the waiting changes find room with it. */
    long blocksBeside() {
        lock.lock();
        try {
            return SmallRecords.payloadBlocks(pending.bytes()) + freezeBlocks();
        } finally {
            lock.unlock();
        }
    }

    int buffersInUse() {
        return records.buffersInUse();
    }

    void close() {
        records.close();
    }
}
