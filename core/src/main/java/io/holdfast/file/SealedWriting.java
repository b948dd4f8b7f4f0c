package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.DataBatch;
import io.holdfast.log.WriteLog;
import io.holdfast.space.Reservation;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes whole blocks from the caller's memory into records of the log, without the cache: each block is copied once,
 * into the private memory that the device reads. Several runs go into as few records as possible. A long run takes
 * several records, and helpers write some of them: one thread copies while the device is busy with another's record.
 *
 * <p>Invariants: while {@link #run} runs, the log has the size and the caller holds the layout. Each record is one
 * thread's, which holds no other buffer and waits for nothing but the device and other records. When {@link #run}
 * returns or throws, no thread touches the caller's memory any more.
 */
final class SealedWriting {
    /** Helpers for one write; more would only compete for the processor. */
    private static final int HELPERS_MAX = 2;
    /** Blocks of the first record: few, so that the device starts early. */
    private static final int FIRST_BLOCKS = 64;
    /** Most blocks of each later record; less than a record has room for, so that a piece divides evenly. */
    private static final int RECORD_BLOCKS = 96;

    private final FileData file;
    private final FileContext.Writer writer;
    private final SealedSource source;
    private final int blocks;
    private final Reservation reserved;
    private final long need;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition helped = lock.newCondition();
    /** Most blocks of a record from now on. */
    private int recordBlocks = LogRecord.DATA_BLOCKS_MAX;

    private int taken;
    private int helping;
    private @Nullable Throwable failure;

    /**
     * @param reserved has {@code need} blocks for each block, for itself and the map's nodes; the caller closes it
     *     afterwards
     */
    SealedWriting(FileData file, FileContext.Writer writer, SealedSource source, Reservation reserved, long need) {
        this.file = file;
        this.writer = writer;
        this.source = source;
        this.blocks = source.blocks();
        this.reserved = reserved;
        this.need = need;
    }

    /** Writes everything; when this returns it is on the device, not yet durable. */
    void run() throws HoldfastException {
        if (blocks >= FIRST_BLOCKS + RECORD_BLOCKS / 2 && source.isOneShared()) {
            recordBlocks = RECORD_BLOCKS;
            int more = (blocks - FIRST_BLOCKS + RECORD_BLOCKS - 1) / RECORD_BLOCKS;
            int accepted = writer.helpers().offer(this::help, Math.min(HELPERS_MAX, more));
            lock.lock();
            try {
                helping += accepted;
                if (accepted == 0) {
                    recordBlocks = LogRecord.DATA_BLOCKS_MAX;
                }
            } finally {
                lock.unlock();
            }
        }
        work();
        awaitHelpers();
    }

    /**
     * Makes sure that there is room for the first record.
     *
     * @throws HoldfastException {@code NO_SPACE} if what the device lies on is full; nothing was written
     */
    void requireRoom() throws HoldfastException {
        writer.log().requireRoom(Math.min(blocks, LogRecord.DATA_BLOCKS_MAX) + (long) WriteLog.ROOM_BLOCKS);
    }

    private void help() {
        work();
        lock.lock();
        try {
            helping--;
            helped.signal();
        } finally {
            lock.unlock();
        }
    }

    private void awaitHelpers() throws HoldfastException {
        Throwable thrown;
        lock.lock();
        try {
            while (helping > 0) {
                helped.awaitUninterruptibly();
            }
            thrown = failure;
        } finally {
            lock.unlock();
        }
        switch (thrown) {
            case null -> {}
            case HoldfastException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(thrown);
        }
    }

    /** Writes one record after the other until none is left or one has failed. */
    private void work() {
        try {
            while (true) {
                int from;
                int count;
                lock.lock();
                try {
                    from = taken;
                    count = Math.min(
                            from == 0 && recordBlocks == RECORD_BLOCKS ? FIRST_BLOCKS : recordBlocks, blocks - from);
                    if (count == 0 || failure != null) {
                        return;
                    }
                    taken += count;
                } finally {
                    lock.unlock();
                }
                write(from, count);
            }
        } catch (HoldfastException | RuntimeException | Error e) {
            lock.lock();
            try {
                failure = failure == null ? e : failure;
            } finally {
                lock.unlock();
            }
        }
    }

    private void write(int from, int count) throws HoldfastException {
        if (from > 0) {
            writer.log().requireRoom(count + (long) WriteLog.ROOM_BLOCKS);
        }
        int state = file.checksummed() ? MapEntry.WRITTEN : MapEntry.WRITTEN_NO_CHECKSUM;
        long[] noSums = state == MapEntry.WRITTEN ? new long[0] : new long[count];
        DataBatch batch = copy(from, count);
        long[] sums = state == MapEntry.WRITTEN ? batch.checksums() : noSums;
        SealedPages pages = show(batch);
        boolean written = false;
        boolean appending = false;
        try {
            Inject.at(Point.SEALED_SHOWN);
            appending = true;
            writer.log().append(batch, (index, block, n) -> putRuns(batch, state, sums, index, block, n));
            written = true;
            Inject.at(Point.SEALED_MAPPED);
        } catch (RuntimeException | Error e) {
            // Nobody knows how far the record came, and how much of its reservation is used.
            throw writer.latch().fail(e);
        } finally {
            if (!appending) {
                batch.discard();
            }
            pages.end(written);
        }
        file.context.counters().stableCopies.add(count);
    }

    private SealedPages show(DataBatch batch) throws HoldfastException {
        SealedPages pages = null;
        try {
            Inject.at(Point.WRITE_SEALED);
            pages = new SealedPages(file, batch);
            pages.show();
            return pages;
        } catch (RuntimeException | Error e) {
            // Pages may have given way already to content that will not be written.
            HoldfastException failed = writer.latch().fail(e);
            batch.discard();
            if (pages != null) {
                pages.end(false);
            }
            throw failed;
        }
    }

    /** Maps blocks that are adjacent on the device; in the file they may be several runs. */
    private void putRuns(DataBatch batch, int state, long[] sums, int index, long block, int count) {
        int next;
        for (int i = index; i < index + count; i = next) {
            next = batch.runEnd(i, index + count);
            file.map.putRun(
                    batch.fileBlock(i), next - i, state, block + i - index, sums, i, batch.reserved(), need - 1);
        }
    }

    private DataBatch copy(int from, int count) {
        DataBatch batch = writer.log().batch(file.inode, !file.checksummed(), count);
        boolean copied = false;
        try {
            source.copyTo(batch, from, count);
            batch.takeOver(reserved, need);
            copied = true;
            return batch;
        } finally {
            if (!copied) {
                batch.discard();
            }
        }
    }
}
