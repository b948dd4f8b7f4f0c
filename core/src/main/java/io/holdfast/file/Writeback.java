package io.holdfast.file;

import io.holdfast.concurrent.Latencies;
import io.holdfast.concurrent.Timing;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.ThrottleEvent;
import io.holdfast.format.LogRecord;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.WriteLog;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Writes dirty pages to the log: for a flush, for a direct write, and in the background, for which a writer waits that has
 * made too much dirty.
 *
 * <p>A batch takes pages in ascending order of blocks and copies each under its lock. Waiting for a page of another
 * batch is safe, because that batch only waits for pages behind it. The map learns the blocks' places after they are on
 * the device and before the pages may be evicted.
 */
public final class Writeback {
    /** Blocks of a batch: so many that the file's inode record fits the same log record, which is one write. */
    private static final int BATCH_BLOCKS_MAX = LogRecord.dataBlocksBeside(FileAttributes.LOGGED_BYTES);

    /** How often a wait for a page looks whether the host has no room. */
    private static final long ROOM_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** A writer that has waited so long goes ahead into what is kept for such. */
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final FileTable table;
    private final PageCache cache;
    private final FileContext.Writer writer;
    private final Latencies throttled;
    private final Timing timing;
    private final BackgroundWriteback background;

    /** @param throttled where to count how long writers wait since much is dirty */
    Writeback(FileTable table, PageCache cache, FileContext.Writer writer, Latencies throttled, Timing timing) {
        this.table = table;
        this.cache = cache;
        this.writer = writer;
        this.throttled = throttled;
        this.timing = timing;
        this.background = new BackgroundWriteback(this, cache, writer, timing);
        cache.setWritebackWanted(background::request);
        writer.latch().onFailure(cache::fail);
    }

    // ---- ranges ----

    /** Writes the dirty pages of a range and waits until everything dirty in it before the call is on the device. */
    void writeRange(FileData file, long first, long end) throws HoldfastException {
        if (first >= end || file.nextInMemory(first) >= end) {
            return;
        }
        for (long next = first; next < end; ) {
            next = writeBatch(file, next, end);
        }
        awaitWriting(file, first, end);
    }

    private void awaitWriting(FileData file, long first, long end) throws HoldfastException {
        for (long block = file.writing.next(first); block < end; block = file.writing.next(block + 1)) {
            if (Inject.off(Guard.FLUSH_AWAITS_WRITEBACK)) {
                break;
            }
            Page page = file.pages.lock(block);
            if (page == null) {
                continue; // its writeback has ended
            }
            try {
                // A record that has its place may wait for room on the host. The caller can be refused, and come again.
                page.awaitIdle(timing, ROOM_LOOK_NANOS, writer.room()::checkWaiting);
            } finally {
                page.lock.unlock();
            }
        }
        writer.latch().check();
    }

    /**
     * Writes up to one record of dirty pages from where the last call ended, round and round through the file. So the
     * blocks of a record lie close together in the file even where its pages become dirty in random order, and then their
     * map entries do, too. Taking the first ones each time would leave the later ones dirty, and the few new ones among
     * the first would lie far apart.
     */
    private void writeNext(FileData file) throws HoldfastException {
        long from = file.dirty.next(file.writebackFrom) == Long.MAX_VALUE ? 0 : file.writebackFrom;
        file.writebackFrom = writeBatch(file, from, Long.MAX_VALUE);
    }

    /**
     * Writes up to one record of dirty pages.
     *
     * @return where to go on; {@code end} if no more are dirty
     */
    private long writeBatch(FileData file, long first, long end) throws HoldfastException {
        writer.latch().check();
        long block = file.dirty.next(first);
        if (block >= end) {
            return end;
        }
        writer.log()
                .requireRoom(Math.min(file.dirtyEstimate(), LogRecord.DATA_BLOCKS_MAX) + (long) WriteLog.ROOM_BLOCKS);
        file.attributes.log(writer, List.of());
        Inject.at(Point.WRITEBACK_BEGUN);
        WritebackBatch batch = new WritebackBatch(file, writer, cache, BATCH_BLOCKS_MAX);
        try {
            while (block < end
                    && !batch.isFull()
                    && (file.attributes.sizeIsLogged(block) || Inject.off(Guard.SIZE_BEFORE_DATA))) {
                Page page = file.pages.lock(block);
                if (page != null) { // else it was dropped just now
                    batch.take(page);
                }
                block = file.dirty.next(block + 1);
            }
            if (batch.isEmpty()) {
                return block;
            }
            batch.append();
        } catch (RuntimeException | Error e) {
            throw batch.failed(e);
        } finally {
            batch.end();
        }
        writer.checkpointer().poke();
        return Math.min(block, end);
    }

    // ---- flush ----

    /** Makes all acknowledged writes of a file durable. */
    void flush(FileData file) throws HoldfastException {
        file.flushes.run(() -> logRange(file, 0, Long.MAX_VALUE));
        writer.log().flush();
    }

    /** Makes a range durable, and the file's inode record. */
    void flushRange(FileData file, long first, long end) throws HoldfastException {
        logRange(file, first, end);
        writer.log().flush();
    }

    /**
     * Puts a range and the file's inode record into the log. Holds the layout, so a flush finds a punch or a truncate
     * either not begun, with its dirty pages, or done, with its change in the log. The inode record goes first, so that
     * it shares the header of the data's log record. The flush need not cover what other writers change meanwhile.
     */
    private void logRange(FileData file, long first, long end) throws HoldfastException {
        file.layout.readLock().lock();
        try {
            file.attributes.log(writer, List.of());
            writeRange(file, first, end);
        } finally {
            file.layout.readLock().unlock();
        }
    }

    /** Puts every change of every file into the log. The caller must hold no layout. */
    public void logAll() throws HoldfastException {
        for (FileData file : table.files()) {
            logRange(file, 0, Long.MAX_VALUE);
        }
    }

    /** Writes the dirty pages of all files; other threads may drop some of them meanwhile. */
    public void writeAll() throws HoldfastException {
        for (FileData file : table.files()) {
            writeRange(file, 0, Long.MAX_VALUE);
            file.attributes.log(writer, List.of());
        }
        table.forgetLeft();
    }

    /** Makes everything durable. */
    public void sync() throws HoldfastException {
        logAll();
        writer.log().flush();
    }

    // ---- back-pressure and background ----

    /**
     * Refuses new data while the host has no room for it.
     *
     * @throws HoldfastException {@code NO_SPACE}; nothing was changed
     */
    void requireRoom() throws HoldfastException {
        if (writer.room().isMissing()) {
            writer.log().requireRoom(WriteLog.ROOM_BLOCKS);
        }
    }

    /**
     * Makes a writer wait while much is dirty. Threads of the background write meanwhile; writers that wrote themselves would
     * wait for a buffer, and for the device, longer than they have to.
     *
     * @throws HoldfastException {@code NO_SPACE} while the host has no room for what is dirty
     */
    void throttle() throws HoldfastException {
        if (cache.dirtyLimit().makesWait()) {
            awaitLess();
        }
        background.requestIfWorth();
    }

    private void awaitLess() throws HoldfastException {
        ThrottleEvent event = new ThrottleEvent();
        event.begin();
        DirtyLimit limit = cache.dirtyLimit();
        long begun = timing.nanoTime();
        boolean interrupted = false;
        try {
            while (limit.makesWait()) {
                writer.latch().check();
                requireRoom();
                if (!limit.isReached() && timing.nanoTime() - begun >= LATE_NANOS) {
                    return;
                }
                background.requestIfWorth();
                try {
                    limit.awaitLess(timing, LATE_NANOS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            throttled.add(timing.nanoTime() - begun);
            event.ended(ThrottleEvent.Cause.DIRTY);
        }
    }

    /** Asks for background writeback if much is dirty, after a write that must not wait. */
    void requestIfWorth() {
        background.requestIfWorth();
    }

    /** Writes the dirtiest files while so much is dirty that it is worth a thread's work. */
    void writeDown(int thread) throws HoldfastException {
        do {
            FileData file = table.dirtiest();
            if (file == null) {
                return;
            }
            writeNext(file);
            background.askNext(thread);
        } while (cache.dirtyLimit().isWorthWriting(thread));
        table.forgetLeft();
    }

    void start() {
        background.start();
    }

    void stop() {
        background.stop();
    }
}
