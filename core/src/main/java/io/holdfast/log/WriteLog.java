package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.LentBuffer;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Reservation;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The write log: everything that changes goes through here and is in the order it has here.
 *
 * <p>Two kinds of content. <em>Data</em> comes in a {@link DataBatch}, gets its place, and is written at once with a
 * header in front. <em>Small changes</em> (items, ranges) come with {@link #submit}; they wait in memory and go into the
 * next header, at the latest into that of the next flush.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Whoever changes maps or items holds the gate's read lock from the placement in the log until the change is in
 *       the map. A checkpoint takes the write lock for a moment and so finds log, maps and items at the same point.
 *   <li>Placement (sequence number, blocks, chain) happens under {@code lock}; no I/O does.
 *   <li>Small changes are applied under {@code lock} as well: two changes of one item are in the log in the order in
 *       which they were applied.
 *   <li>A direct write from the caller's memory is on the medium before the log says so: its extents wait in {@code
 *       unproven} for a device flush (guard «written only after the data landed»), and nothing else of that file is
 *       placed before them.
 * </ul>
 */
public final class WriteLog {
    /** Small changes are written out when they reach this, a little less than a header has room for. */
    private static final int PENDING_BYTES_MAX = LogRecord.ROOM * 3 / 4;
    /** Blocks of a record without data: its header and the largest payload. */
    private static final int SMALL_RECORD_BLOCKS = 32;
    /** Bytes of small changes in one record. */
    private static final int SMALL_RECORD_BYTES_MAX = (SMALL_RECORD_BLOCKS - 1) * Block.SIZE;

    /** Blocks that small changes ask room for: a header, and where the next one will be. */
    private static final int ROOM_BLOCKS = 2;

    /** Blocks of a batch that gets a short buffer: what one NBD request of the usual sizes has. */
    private static final int SHORT_BATCH_BLOCKS = 16;

    /** Checkpoints to try before the log gives up. */
    private static final int RECLAIMS_MAX = 8;

    /** Applies small changes in memory. */
    public interface Applier {
        void apply(LogEntry change);
    }

    /** Is told where the blocks of a batch are, before anyone else can see the end of the write. */
    public interface Placed {
        /** {@code count} blocks of the batch, from its block {@code index} on, are at {@code block} and behind it. */
        void written(int index, long block, int count);
    }

    private static final Placed NOBODY = (index, block, count) -> {};

    /** Makes room for the log when the volume is full to the last block: writes a checkpoint and waits for it. */
    public interface Reclaimer {
        void reclaim() throws HoldfastException;
    }

    private final Device device;
    private final Checksum checksum;
    private final SpaceManager space;
    private final FailureLatch latch;
    private final Applier applier;
    private final BufferPool dataBuffers;
    /** For batches of up to {@link #SHORT_BATCH_BLOCKS}: many can be under way in little memory. */
    private final BufferPool shortDataBuffers;

    private final BufferPool smallBuffers;
    private final FlushGate flushGate;
    private final RecordWriter writer;
    private final long logId;

    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);
    private final ReentrantLock lock = new ReentrantLock();
    private final ReentrantLock provingLock = new ReentrantLock();
    private final LogSpace logSpace;
    private final LogBacking backing;

    private final PendingChanges pending = new PendingChanges(SMALL_RECORD_BYTES_MAX);
    private final UnprovenExtents unproven = new UnprovenExtents();
    /** Where headers are encoded. Guarded by {@code lock}. */
    private final byte[] headerScratch = new byte[Block.SIZE];

    private long sequence;
    private long nextBlock;
    private long previousChecksum;

    private final AtomicLong records = new AtomicLong();
    private final AtomicLong blocksSinceCheckpoint = new AtomicLong();
    private final AtomicLong recordsSinceCheckpoint = new AtomicLong();

    /**
     * @param startSequence sequence number of the last record that is in the checkpoint
     * @param logId random number of this mount
     * @param buffersMax records of any length being filled or written at the same time
     * @param shortBuffersMax short ones besides
     */
    public WriteLog(
            Device device,
            Checksum checksum,
            SpaceManager space,
            FailureLatch latch,
            HostRoom room,
            Applier applier,
            long startSequence,
            long logId,
            int buffersMax,
            int shortBuffersMax)
            throws HoldfastException {
        this.device = device;
        this.checksum = checksum;
        this.space = space;
        this.latch = latch;
        this.applier = applier;
        this.logId = logId;
        this.sequence = startSequence;
        this.flushGate = new FlushGate(device, latch, room, startSequence);
        this.writer = new RecordWriter(device, latch, flushGate);
        this.logSpace = new LogSpace(space);
        if (!logSpace.ensure(1)) {
            throw new HoldfastException(
                    ErrorCode.NO_SPACE, device.name() + ": not one block is free for the log; open it read-only");
        }
        backing = new LogBacking(device, logSpace, lock, room, latch);
        backing.backOrRefuse();
        nextBlock = logSpace.take(1).getFirst().start();
        this.dataBuffers = new BufferPool(buffersMax, LogRecord.DATA_BLOCKS_MAX + 1);
        this.shortDataBuffers = BufferPool.beside(shortBuffersMax, SHORT_BATCH_BLOCKS + 1, dataBuffers);
        this.smallBuffers = BufferPool.beside(4, SMALL_RECORD_BLOCKS, dataBuffers, shortDataBuffers);
    }

    /** Starts a batch; waits for a buffer. The caller must not hold another one. */
    public DataBatch batch(long inode, boolean noChecksum) {
        return new DataBatch(
                dataBuffers, checksum, inode, noChecksum, LogRecord.DATA_BLOCKS_MAX, space.emptyReservation());
    }

    /** Starts a batch for so many blocks and no more, at most as many as go into a record, as {@link #batch(long, boolean)}. */
    public DataBatch batch(long inode, boolean noChecksum, int blocks) {
        BufferPool buffers = blocks <= SHORT_BATCH_BLOCKS ? shortDataBuffers : dataBuffers;
        return new DataBatch(buffers, checksum, inode, noChecksum, blocks, space.emptyReservation());
    }

    // ---- small changes ----

    /**
     * Applies small changes as one and puts them into the log. They are durable after a later {@link #flush}. If this
     * throws, nothing was changed.
     */
    public void submit(List<LogEntry> changes, Reclaimer reclaimer) throws HoldfastException {
        latch.check();
        int bytes = PendingChanges.bytesOf(changes);
        if (bytes > SMALL_RECORD_BYTES_MAX) {
            throw new IllegalArgumentException(changes.size() + " changes do not fit a record");
        }
        requireRoom(ROOM_BLOCKS);
        proveBefore(changes, reclaimer);
        while (!tryApply(changes, bytes)) {
            writePending(reclaimer);
        }
    }

    /** Applies small changes; returns false if so much is pending that it must be written first. */
    private boolean tryApply(List<LogEntry> changes, int bytes) throws HoldfastException {
        gate.readLock().lock();
        try {
            lock.lock();
            try {
                latch.check();
                if (!pending.isEmpty() && pending.bytes() + bytes > PENDING_BYTES_MAX) {
                    return false;
                }
                changes.forEach(applier::apply);
                pending.add(changes);
            } finally {
                lock.unlock();
            }
            Inject.at(Point.CHANGES_PENDING);
            return true;
        } finally {
            gate.readLock().unlock();
        }
    }

    private void proveBefore(List<LogEntry> changes, Reclaimer reclaimer) throws HoldfastException {
        for (LogEntry change : changes) {
            if (change.inode() != 0 && hasUnproven(change.inode()) && !Inject.off(Guard.UNPROVEN_FIRST)) {
                prove(reclaimer);
                return;
            }
        }
    }

    // ---- data ----

    /**
     * Writes a batch: header and data in one write if the volume has room in one piece. When this returns the blocks are
     * on the device, not yet durable.
     *
     * <p>The batch has taken over what was reserved for every block of it. Whoever is told of the places settles the nodes.
     * What is left when this ends is given back.
     */
    public void append(DataBatch batch, Placed placed, Reclaimer reclaimer) throws HoldfastException {
        boolean written = false;
        try {
            if (hasUnproven(batch.inode()) && !Inject.off(Guard.UNPROVEN_FIRST)) {
                prove(reclaimer);
            }
            int attempt = 0;
            while (!tryAppend(batch, placed)) {
                if (!pendingFitsOneRecord()) {
                    writePending(reclaimer);
                } else if (!backing.insist()) {
                    makeRoom(reclaimer, attempt++);
                }
            }
            written = true;
        } finally {
            batch.reserved().close();
            if (!written && !batch.buffer().isSealed()) {
                batch.discard();
            }
        }
    }

    private boolean pendingFitsOneRecord() {
        lock.lock();
        try {
            return pending.fitOneRecord();
        } finally {
            lock.unlock();
        }
    }

    /** Returns false if there was no room, or so much is pending that it must be written first. */
    private boolean tryAppend(DataBatch batch, Placed placed) throws HoldfastException {
        int n = batch.size();
        gate.readLock().lock();
        try {
            PlacedRecord record;
            List<PlacedRecord> before = new ArrayList<>(1);
            lock.lock();
            try {
                latch.check();
                if (!pending.fitOneRecord()
                        || !logSpace.isReady(n + 2L + payloadBlocks(pending.bytes()) + freezeBlocks())) {
                    return false;
                }
                int extentBytesMax = n * (LogEntry.Extent.HEAD_BYTES + 8);
                if (pending.bytes() + extentBytesMax > LogRecord.ROOM && !pending.isEmpty()) {
                    before.add(placePending());
                }
                List<Run> places = logSpace.take(n, batch.reserved());
                List<LogEntry> entries = pending.take();
                entries.addAll(batch.extents(places));
                record = place(entries, batch.buffer(), n, places);
            } finally {
                lock.unlock();
            }
            for (PlacedRecord small : before) {
                writer.write(small, NOBODY);
            }
            writer.write(record, placed);
            return true;
        } finally {
            gate.readLock().unlock();
        }
    }

    // ---- zero-copy ----

    /**
     * Writes the caller's own memory to free blocks, for a file without checksums, without a copy.
     *
     * @param reserved has what was reserved for the blocks
     * @param placed told each run of blocks when the data is there; called with the gate held
     */
    public void appendLent(
            long inode, long fileBlock, MemorySegment memory, Reservation reserved, Placed placed, Reclaimer reclaimer)
            throws HoldfastException {
        int n = (int) (memory.byteSize() / Block.SIZE);
        int attempt = 0;
        while (true) {
            gate.readLock().lock();
            try {
                List<Run> places;
                lock.lock();
                try {
                    latch.check();
                    places = logSpace.isReady(n + 2L + freezeBlocks()) ? logSpace.take(n, reserved) : null;
                } finally {
                    lock.unlock();
                }
                if (places != null) {
                    writeLent(inode, fileBlock, memory, places, placed);
                    return;
                }
            } finally {
                gate.readLock().unlock();
            }
            if (!backing.backOrRefuse()) {
                makeRoom(reclaimer, attempt++);
            }
        }
    }

    private void writeLent(long inode, long fileBlock, MemorySegment memory, List<Run> places, Placed placed)
            throws HoldfastException {
        List<LogEntry.Extent> extents = new ArrayList<>();
        int index = 0;
        try {
            for (Run run : places) {
                int count = (int) run.length();
                device.write(
                        run.start(),
                        LentBuffer.of(memory.asSlice((long) index * Block.SIZE, (long) count * Block.SIZE)));
                extents.add(new LogEntry.Extent(inode, fileBlock + index, run.start(), count, true, new long[0]));
                index += count;
            }
        } catch (HoldfastException e) {
            throw latch.fail(e);
        }
        Inject.at(Point.LENT_WRITTEN);
        lock.lock();
        try {
            unproven.add(inode, extents);
            index = 0;
            for (Run run : places) {
                placed.written(index, run.start(), (int) run.length());
                index += (int) run.length();
            }
        } finally {
            lock.unlock();
        }
        blocksSinceCheckpoint.addAndGet(index);
    }

    private boolean hasUnproven(long inode) {
        lock.lock();
        try {
            return unproven.has(inode);
        } finally {
            lock.unlock();
        }
    }

    /** Flushes the device so that unproven data is on the medium, then hands its extents to the log. */
    private void prove(Reclaimer reclaimer) throws HoldfastException {
        boolean added;
        provingLock.lock();
        try {
            gate.readLock().lock();
            try {
                added = proveLocked();
            } finally {
                gate.readLock().unlock();
            }
        } finally {
            provingLock.unlock();
        }
        if (added) {
            writePending(reclaimer);
        }
    }

    private boolean proveLocked() throws HoldfastException {
        Map<Long, Integer> counted;
        lock.lock();
        try {
            if (unproven.isEmpty()) {
                return false;
            }
            counted = unproven.counts();
        } finally {
            lock.unlock();
        }
        if (!Inject.off(Guard.PROVEN_BEFORE_LOGGED)) {
            flushDevice();
        }
        Inject.at(Point.DATA_PROVEN);
        lock.lock();
        try {
            unproven.takeProven(counted, extent -> pending.add(List.of(extent)));
        } finally {
            lock.unlock();
        }
        return true;
    }

    private void flushDevice() throws HoldfastException {
        latch.check();
        try {
            device.flush();
        } catch (HoldfastException e) {
            throw latch.fail(e);
        }
    }

    // ---- flush ----

    /** Makes everything durable that was appended or submitted before this call. */
    public void flush(Reclaimer reclaimer) throws HoldfastException {
        latch.check();
        if (hasPending()) {
            requireRoom(ROOM_BLOCKS);
        }
        prove(reclaimer);
        writePending(reclaimer);
        long target;
        lock.lock();
        try {
            target = sequence;
        } finally {
            lock.unlock();
        }
        Inject.at(Point.FLUSH_TARGET);
        flushGate.awaitDurable(target);
    }

    private void writePending(Reclaimer reclaimer) throws HoldfastException {
        int attempt = 0;
        while (hasPending()) {
            if (!tryWritePending() && !backing.insist()) {
                makeRoom(reclaimer, attempt++);
            }
        }
    }

    private boolean hasPending() {
        lock.lock();
        try {
            return !pending.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Has dead blocks freed; what was reserved must fit after that, or the promises were wrong. */
    private void makeRoom(Reclaimer reclaimer, int attempt) throws HoldfastException {
        if (attempt == RECLAIMS_MAX) {
            throw latch.fail(new HoldfastException(
                    ErrorCode.NO_SPACE, device.name() + ": no block is left for the log, checkpoints free none"));
        }
        reclaimer.reclaim();
    }

    /** Writes one record of what is pending; false if there is no room for it. */
    private boolean tryWritePending() throws HoldfastException {
        gate.readLock().lock();
        try {
            return writeOnePending(false);
        } finally {
            gate.readLock().unlock();
        }
    }

    /** Called with the gate held. */
    private boolean writeOnePending(boolean freezing) throws HoldfastException {
        PlacedRecord record;
        lock.lock();
        try {
            latch.check();
            if (pending.isEmpty()) {
                return true;
            }
            long need = 1L + payloadBlocks(Math.min(pending.bytes(), SMALL_RECORD_BYTES_MAX));
            if (!logSpace.isReady(freezing ? need : need + freezeBlocks())) {
                return false;
            }
            record = placePending();
        } finally {
            lock.unlock();
        }
        writer.write(record, NOBODY);
        return true;
    }

    /**
     * Returns how many blocks everybody leaves to the next freeze, which writes out what is pending and unproven: on a volume
     * that is full to the last block only a checkpoint frees some, and it begins with a freeze. Called under the lock.
     */
    private long freezeBlocks() {
        long bytes = pending.bytes() + unproven.bytes();
        return 2 + bytes / SMALL_RECORD_BYTES_MAX + (bytes + Block.SIZE - 1) / Block.SIZE;
    }

    /** Returns how many blocks small changes need besides a header. */
    private static int payloadBlocks(long bytes) {
        return bytes <= LogRecord.ROOM ? 0 : (int) ((bytes + Block.SIZE - 1) / Block.SIZE);
    }

    /** Places a record with small changes and no data. Called under the lock, with room ensured. */
    private PlacedRecord placePending() {
        BlockBuffer buffer = smallBuffers.take();
        List<LogEntry> entries = pending.take();
        byte[] payload = LogRecord.encodeEntries(entries);
        int payloadBlocks = payloadBlocks(payload.length);
        List<Run> places = List.of();
        if (payloadBlocks > 0) {
            places = logSpace.take(payloadBlocks);
            List<BlockPointer> pointers = new ArrayList<>();
            int slot = 1;
            for (Run run : places) {
                for (long block = run.start(); block < run.end(); block++) {
                    byte[] piece = new byte[Block.SIZE];
                    int from = (slot - 1) * Block.SIZE;
                    System.arraycopy(payload, from, piece, 0, Math.min(piece.length, payload.length - from));
                    buffer.copy(slot++, piece);
                    pointers.add(new BlockPointer(block, checksum.of(piece)));
                    space.release(block);
                }
            }
            entries = List.of(new LogEntry.Payload(payload.length, pointers));
        }
        return place(entries, buffer, payloadBlocks, places);
    }

    /** As {@link LogBacking#requireRoom}. */
    public void requireRoom(long blocks) throws HoldfastException {
        long more;
        lock.lock();
        try {
            more = payloadBlocks(pending.bytes()) + freezeBlocks();
        } finally {
            lock.unlock();
        }
        backing.requireRoom(blocks + more);
    }

    // ---- records ----

    /** Gives a record its place in the log. Called under the lock, with room for one more block ensured. */
    private PlacedRecord place(List<LogEntry> entries, BlockBuffer buffer, int dataBlocks, List<Run> data) {
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

    private LogPosition position() {
        Run run = logSpace.current();
        Run spare = logSpace.spare();
        return new LogPosition(
                nextBlock, sequence + 1, logId, previousChecksum, run.start(), run.end(), spare.start(), spare.end());
    }

    // ---- checkpoint ----

    /** What a checkpoint does while nothing changes. */
    public interface Freeze {
        void freeze(LogPosition position);
    }

    /**
     * Holds everything that changes for a moment, writes what is pending, and calls {@code freeze} with the place from
     * which on the log is not in the checkpoint.
     *
     * @return false if there was no room to write what is pending; nothing was frozen then
     */
    public boolean freeze(Freeze freeze) throws HoldfastException {
        do {
            if (tryFreeze(freeze)) {
                return true;
            }
        } while (backing.insist());
        return false;
    }

    private boolean tryFreeze(Freeze freeze) throws HoldfastException {
        provingLock.lock();
        Lock stopped = Inject.off(Guard.FREEZE_STOPS_CHANGES) ? gate.readLock() : gate.writeLock();
        stopped.lock();
        try {
            proveLocked();
            while (hasPending()) {
                if (!writeOnePending(true)) {
                    return false;
                }
            }
            lock.lock();
            try {
                latch.check();
                blocksSinceCheckpoint.set(0);
                recordsSinceCheckpoint.set(0);
                freeze.freeze(position());
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
        return blocksSinceCheckpoint.get();
    }

    public long recordsSinceCheckpoint() {
        return recordsSinceCheckpoint.get();
    }

    public long records() {
        return records.get();
    }

    /** Returns how many buffers are in use; 0 at rest. */
    public int buffersInUse() {
        return dataBuffers.inUse() + shortDataBuffers.inUse() + smallBuffers.inUse();
    }

    public void close() {
        dataBuffers.close();
        shortDataBuffers.close();
        smallBuffers.close();
    }
}
