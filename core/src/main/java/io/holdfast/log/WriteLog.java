package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.Device;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.format.Block;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Reclaimer;
import io.holdfast.space.Reservation;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * The write log: all changes go through it, and it sets their order. (It has some more than 400 lines: the ways into the log
 * share its gate and its lock, and are read together.)
 *
 * <p>Two kinds of content. <em>Data</em> comes in a {@link DataBatch}, gets its place, and is written at once with a
 * header in front. <em>Small changes</em> (items, ranges) come with {@link #submit}; they wait in memory and go into
 * the next header, at the latest into that of the next flush.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>A thread that changes maps or items holds the gate's read lock from the placement in the log until the change
 *       is in the map. A checkpoint takes the write lock for a moment, and so finds log, maps and items at the same
 *       point.
 *   <li>Records are placed (sequence number, blocks, chain) under {@code lock}, without I/O.
 *   <li>Small changes are applied under {@code lock}, too: two of one item are in the log in the order of their effect.
 *   <li>Any error between the placement of a record and its end latches the volume: no flush waits for it in vain.
 *   <li>Data written from the caller's memory is on the medium before the log names it ({@link LentWrites}). Until then
 *       nothing else of that file is placed.
 * </ul>
 */
public final class WriteLog {
    /** Blocks that a record may take besides its content, for headers: the next one's, and that of a record before it. */
    public static final int ROOM_BLOCKS = 2 * LogRecord.COPIES;

    /** Checkpoints to try before the log gives up. */
    private static final int RECLAIMS_MAX = 8;

    private final Device device;
    private final FailureLatch latch;
    private final BatchBuffers buffers;
    private final FlushGate flushGate;
    private final RecordWriter writer;

    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);
    private final ReentrantLock lock = new ReentrantLock();
    private final ReentrantLock provingLock = new ReentrantLock();
    private final LogSpace logSpace;
    private final LogBacking backing;

    private final RecordChain chain;
    private final UnflushedBound unflushed;
    private final LentWrites lent;
    private final SmallChanges small;
    private volatile Reclaimer reclaimer = Reclaimer.NONE;

    /**
     * Begins a log, or goes on with one.
     *
     * @param volume the mark of the volume
     * @param start the place of the first record; without a block, it is new. What is free of its runs is used first
     * @param buffersMax records of any length being filled or written at the same time
     * @param shortBuffersMax the same for short records
     */
    public WriteLog(
            Device device,
            Checksum checksum,
            SpaceManager space,
            FailureLatch latch,
            HostRoom room,
            Applier applier,
            long volume,
            LogPosition start,
            int buffersMax,
            int shortBuffersMax)
            throws HoldfastException {
        this.device = device;
        this.latch = latch;
        this.flushGate = new FlushGate(device, latch, room, start.sequence() - 1);
        this.writer = new RecordWriter(device, latch, flushGate);
        this.unflushed = new UnflushedBound(flushGate, space::usable);
        this.logSpace = new LogSpace(space);
        backing = new LogBacking(device, logSpace, lock, room, latch);
        logSpace.resume(new Run(start.runStart(), start.runEnd()), new Run(start.spareStart(), start.spareEnd()));
        // On a host without room the runs that the last mount had made ready will do.
        backing.backOrMakeDo(LogRecord.COPIES);
        if (!logSpace.ensure(LogRecord.COPIES)) {
            throw space.noBlock(device.name() + ": not two blocks are free for the log; open it read-only");
        }
        backing.backOrMakeDo(LogRecord.COPIES);
        this.chain = new RecordChain(checksum, volume, space, logSpace, flushGate, start);
        this.lent = new LentWrites(device, latch, lock, chain);
        this.buffers = new BatchBuffers(checksum, space, buffersMax, shortBuffersMax);
        this.small = new SmallChanges(
                gate.readLock(),
                lock,
                latch,
                applier,
                logSpace,
                new SmallRecords(checksum, space, logSpace, chain, buffers),
                lent,
                writer);
    }

    // ---- begin and end of a mount ----

    /** Returns where the next record will be. */
    public LogPosition position() {
        lock.lock();
        try {
            return chain.position();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins a mount behind the records that recovery found, before anything else is written. They are durable: recovery
     * may have read them from the memory of the host or of the drive, and has flushed the device since. The record says
     * so, and is durable when this returns (guard {@code MOUNT_FLUSHES}).
     *
     * @param records how many recovery found since the last checkpoint, for {@link #recordsSinceCheckpoint}
     * @param blocks data blocks in them
     */
    public void mount(LogEntry.Mount mount, long records, long blocks) throws HoldfastException {
        Inject.at(Point.MOUNT_FLUSHED);
        chain.replayed(records, blocks);
        writeAlone(mount);
        if (!Inject.off(Guard.MOUNT_FLUSHES)) {
            flushGate.awaitDurable(position().sequence() - 1);
        }
    }

    /** Ends the log with a record that says so, durably; it stays as it is for the next mount. */
    public void leave() throws HoldfastException {
        flush();
        if (logSpace.isReady(ROOM_BLOCKS)) {
            writeAlone(new LogEntry.Close());
        }
        flush();
    }

    /** Writes a record with one entry, while nobody else uses the log. */
    private void writeAlone(LogEntry entry) throws HoldfastException {
        PlacedRecord record;
        lock.lock();
        try {
            record = small.placeAlone(entry);
        } catch (RuntimeException | Error e) {
            throw latch.fail(e);
        } finally {
            lock.unlock();
        }
        small.write(record);
    }

    /** Sets what makes room for the log on a volume that is full to the last block. Until then nothing does. */
    public void setReclaimer(Reclaimer makesRoom) {
        reclaimer = makesRoom;
    }

    /**
     * Starts a batch; waits for a buffer. The caller must not hold another one.
     *
     * @param blocks it takes no more; at most {@link LogRecord#DATA_BLOCKS_MAX}
     */
    public DataBatch batch(long inode, boolean noChecksum, int blocks) {
        return buffers.batch(inode, noChecksum, blocks);
    }

    // ---- small changes ----

    /**
     * Applies small changes as one and puts them into the log. They are durable after a later {@link #flush}. If this
     * throws, nothing was changed.
     *
     * @param frees whether they free space: then they go on when the host is full
     */
    public void submit(List<LogEntry> changes, boolean frees) throws HoldfastException {
        latch.check();
        int bytes = PendingChanges.bytesOf(changes);
        if (bytes > SmallRecords.BYTES_MAX) {
            throw new IllegalArgumentException(changes.size() + " changes do not fit a record");
        }
        if (frees) {
            backing.requireRoomToFree(ROOM_BLOCKS + small.blocksBeside());
        } else {
            requireRoom(ROOM_BLOCKS);
        }
        proveBefore(changes);
        while (!small.tryApply(changes, bytes)) {
            writePending();
        }
    }

    private void proveBefore(List<LogEntry> changes) throws HoldfastException {
        for (LogEntry change : changes) {
            if (change.inode() != 0 && lent.hasUnproven(change.inode()) && !Inject.off(Guard.UNPROVEN_FIRST)) {
                prove();
                return;
            }
        }
    }

    // ---- data ----

    /**
     * Writes a batch: header, twin and data in one write if the volume has room in one piece. When this returns, the blocks
     * are on the device, not yet durable.
     *
     * <p>The batch holds the reservations of all its blocks. {@code placed} settles those for the nodes. This call
     * gives back the rest when it ends.
     */
    public void append(DataBatch batch, Placed placed) throws HoldfastException {
        int blocks = batch.size();
        boolean written = false;
        try {
            if (lent.hasUnproven(batch.inode()) && !Inject.off(Guard.UNPROVEN_FIRST)) {
                prove();
            }
            int attempt = 0;
            long mark = backing.mark();
            while (!tryAppend(batch, placed)) {
                if (!small.fitOneRecord()) {
                    writePending();
                } else if (!backing.insist(mark)) {
                    makeRoom(attempt++);
                }
                mark = backing.mark();
            }
            written = true;
            unflushed.written(LogRecord.COPIES + (long) blocks);
        } finally {
            batch.reserved().close();
            if (!written && !batch.buffer().isSealed()) {
                batch.discard();
            }
        }
    }

    /** Returns false if there was no room, or if so much is pending that it must be written first. */
    private boolean tryAppend(DataBatch batch, Placed placed) throws HoldfastException {
        int n = batch.size();
        gate.readLock().lock();
        try {
            PlacedRecord before = null;
            PlacedRecord record;
            lock.lock();
            try {
                latch.check();
                PendingChanges pending = small.pending();
                if (!pending.fitOneRecord()
                        || !logSpace.isReadyBeside(
                                n
                                        + (long) ROOM_BLOCKS
                                        + SmallRecords.payloadBlocks(pending.bytes())
                                        + small.freezeBlocks(),
                                backing.kept())) {
                    return false;
                }
                if (!pending.isEmpty() && pending.bytes() + batch.extentBytesMax(logSpace.pieces(n)) > LogRecord.ROOM) {
                    before = small.placeRecord();
                }
                List<Run> places = logSpace.take(n, batch.reserved());
                List<LogEntry> entries = pending.take();
                entries.addAll(batch.extents(places));
                record = chain.place(entries, batch.buffer(), n, places, List.of());
            } catch (RuntimeException | Error e) {
                throw latch.fail(e);
            } finally {
                lock.unlock();
            }
            write(before, record, placed);
            return true;
        } finally {
            gate.readLock().unlock();
        }
    }

    /** Writes a record, and first the one before it, if any. Releases the buffers in any case. */
    private void write(@Nullable PlacedRecord before, PlacedRecord record, Placed placed) throws HoldfastException {
        if (before != null) {
            try {
                small.write(before);
            } catch (HoldfastException e) {
                record.sealed().release();
                throw e;
            }
        }
        writer.write(record, placed);
    }

    // ---- zero-copy ----

    /**
     * Writes the caller's own memory to free blocks, for a file without checksums, without a copy.
     *
     * @param reserved the reservation of the blocks
     * @param placed learns each run of blocks once the data is there; called with the gate held
     */
    public void appendLent(long inode, long fileBlock, MemorySegment memory, Reservation reserved, Placed placed)
            throws HoldfastException {
        int n = (int) (memory.byteSize() / Block.SIZE);
        int attempt = 0;
        while (true) {
            long mark = backing.mark();
            gate.readLock().lock();
            try {
                List<Run> places;
                lock.lock();
                try {
                    latch.check();
                    places = logSpace.isReadyBeside(n + (long) ROOM_BLOCKS + small.freezeBlocks(), backing.kept())
                            ? logSpace.take(n, reserved)
                            : null;
                } catch (RuntimeException | Error e) {
                    throw latch.fail(e);
                } finally {
                    lock.unlock();
                }
                if (places != null) {
                    lent.write(inode, fileBlock, memory, places, placed);
                    return;
                }
            } finally {
                gate.readLock().unlock();
            }
            if (!backing.backOrRefuse(mark)) {
                makeRoom(attempt++);
            }
        }
    }

    /** Flushes the device, so that unproven data is on the medium, and then hands its extents to the log. */
    private void prove() throws HoldfastException {
        boolean added;
        provingLock.lock();
        try {
            gate.readLock().lock();
            try {
                added = lent.prove(small.pending());
            } finally {
                gate.readLock().unlock();
            }
        } finally {
            provingLock.unlock();
        }
        if (added) {
            writePending();
        }
    }

    // ---- flush ----

    /** Makes durable everything that was appended or submitted before this call. */
    public void flush() throws HoldfastException {
        latch.check();
        if (small.areWaiting()) {
            // What waits was accepted: some of it frees space, on a host that has none.
            backing.requireRoomToFree(ROOM_BLOCKS + small.blocksBeside());
        }
        prove();
        writePending();
        long target;
        lock.lock();
        try {
            target = chain.sequence();
        } finally {
            lock.unlock();
        }
        long mark = unflushed.mark();
        Inject.at(Point.FLUSH_TARGET);
        flushGate.awaitDurable(target);
        unflushed.flushed(mark);
    }

    /** Writes all small changes that wait. */
    private void writePending() throws HoldfastException {
        int attempt = 0;
        while (small.areWaiting()) {
            long mark = backing.mark();
            if (!small.tryWriteOne() && !backing.insist(mark)) {
                makeRoom(attempt++);
            }
        }
    }

    /** Has dead blocks freed. After that the reserved blocks must fit, or the promises were wrong. */
    private void makeRoom(int attempt) throws HoldfastException {
        if (attempt == RECLAIMS_MAX) {
            throw latch.fail(logSpace.noBlock(device.name() + ": no block is left for the log, checkpoints free none"));
        }
        reclaimer.reclaim();
    }

    /** Does as {@link LogBacking#requireRoom}. */
    public void requireRoom(long blocks) throws HoldfastException {
        backing.requireRoom(blocks + small.blocksBeside());
    }

    // ---- checkpoint ----

    /**
     * Stops all changes for a moment, writes the pending ones, and calls {@code freeze} with the position at which the
     * log goes on behind the checkpoint.
     *
     * @return false if there was no room for the pending changes; nothing was frozen then
     */
    public boolean freeze(Freeze freeze) throws HoldfastException {
        while (true) {
            long mark = backing.mark();
            if (tryFreeze(freeze)) {
                return true;
            }
            if (!backing.insist(mark)) {
                return false;
            }
        }
    }

    private boolean tryFreeze(Freeze freeze) throws HoldfastException {
        provingLock.lock();
        Lock stopped = Inject.off(Guard.FREEZE_STOPS_CHANGES) ? gate.readLock() : gate.writeLock();
        stopped.lock();
        try {
            lent.prove(small.pending());
            while (small.areWaiting()) {
                if (!small.writeOne(true)) {
                    return false;
                }
            }
            lock.lock();
            try {
                latch.check();
                freeze.freeze(chain.position());
                chain.checkpointed();
            } finally {
                lock.unlock();
            }
            return true;
        } finally {
            stopped.unlock();
            provingLock.unlock();
        }
    }

    public long blocksSinceCheckpoint() {
        return chain.blocksSinceCheckpoint();
    }

    public long recordsSinceCheckpoint() {
        return chain.recordsSinceCheckpoint();
    }

    public long records() {
        return chain.records();
    }

    /** Returns how many buffers are in use; 0 at rest. */
    public int buffersInUse() {
        return buffers.inUse() + small.buffersInUse();
    }

    public void close() {
        buffers.close();
        small.close();
    }
}
