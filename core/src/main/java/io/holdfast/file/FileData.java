package io.holdfast.file;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.format.Block;
import io.holdfast.format.Item;
import io.holdfast.format.LogEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.BlockMap;
import io.holdfast.mapping.DeltaMap;
import io.holdfast.mapping.Mapping;
import io.holdfast.namespace.InodeRecord;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.namespace.OpenInodes;
import io.holdfast.space.Reservation;
import io.holdfast.volume.FileStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One open inode: its cached pages, its block map, and its record. Shared by all handles of the file.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>{@code layout} is held shared by reads and writes, and exclusively by what takes blocks away or moves them
 *       under a reader's feet (punch, zero, truncate, allocate, the end of a zero-copy write). Writeback does not take
 *       it: the pages it writes are in the index until the map knows where they went.
 *   <li>A page is in {@code dirty} exactly while it is dirty, in {@code writing} exactly while it is under writeback.
 *   <li>The record is guarded by {@code recordLock} from the reading of it to the end of its commit, as {@link
 *       OpenInodes} asks.
 *   <li>Bytes behind the end of the file in its last block are not defined; a write or truncate that grows the file
 *       zeroes them first, and has them on the device before the log has the new size. It holds {@code layout}
 *       exclusively for that: another one may be writing there.
 *   <li>A block behind the end by the size in the log is never data: the size grows before a page becomes dirty, and
 *       writeback logs the size before it takes the page.
 * </ul>
 *
 * <p>Lock order: {@code layout}, pages' locks (with {@code layout} shared, one at a time or by trying), {@code recordLock},
 * then the log's locks.
 */
final class FileData {
    final FileContext context;
    final long inode;
    final BlockMap map;
    final ReentrantReadWriteLock layout = new ReentrantReadWriteLock();
    final PageTable pages = new PageTable();
    final BlockIndex dirty = new BlockIndex();
    final BlockIndex writing = new BlockIndex();
    final GroupCommit flushes = new GroupCommit();

    private final AtomicInteger dirtyPages = new AtomicInteger();

    private final ReentrantLock recordLock = new ReentrantLock();
    private final boolean checksummed;
    /** Without the times of {@code modified}; see {@link #currentRecord}. */
    private InodeRecord record;

    /** When the content was changed since {@code record} was made, if it was: most writes change nothing else. */
    private @Nullable Instant modified;

    private boolean recordDirty;
    private volatile long size;
    /** The name the file was opened by, as it is now, without symbolic links; null if that name is gone. */
    private volatile @Nullable String path;
    /** Blocks that the file has by the size in the log: nothing behind them may be written, or a crash leaves it there. */
    private volatile long loggedBlocks;

    FileData(FileContext context, long inode, BlockMap map, InodeRecord record) {
        this.context = context;
        this.inode = inode;
        this.map = map;
        this.record = record;
        this.checksummed = record.checksummed();
        this.size = record.size();
        this.loggedBlocks = blockAfter(size);
    }

    long size() {
        return size;
    }

    /** Never changes, and so takes no lock: writeback asks while others wait for its pages with the record locked. */
    boolean checksummed() {
        return checksummed;
    }

    /** Returns what messages call the file: volume, path and inode number. */
    String name() {
        return context.volumeName() + ": " + label();
    }

    /** Returns what the file is called within its volume. */
    String label() {
        String known = path;
        return (known == null ? "a file without a name" : known) + " (inode " + inode + ")";
    }

    @Nullable
    String path() {
        return path;
    }

    void setPath(@Nullable String canonical) {
        path = canonical;
    }

    /** Returns whether the file has no name any more. */
    boolean unlinked() {
        return record().links() == 0;
    }

    /** Returns the parts for writing, or throws {@code READ_ONLY}, or what failed. */
    FileContext.Writer writer() throws HoldfastException {
        FileContext.Writer writer = context.writer();
        if (writer == null) {
            throw new HoldfastException(ErrorCode.READ_ONLY, context.volumeName() + " is open read-only");
        }
        writer.latch().check();
        return writer;
    }

    /** Returns the attributes; blocks that are in memory only count as allocated. */
    FileStatus status() {
        long blocks = map.dataBlocksAtMost() + dirtyEstimate();
        return record().status(inode, blocks * Block.SIZE);
    }

    /** Returns about how many pages are dirty. */
    int dirtyEstimate() {
        return dirtyPages.get();
    }

    // ---- record ----

    InodeRecord record() {
        recordLock.lock();
        try {
            return currentRecord();
        } finally {
            recordLock.unlock();
        }
    }

    /** Brings the times up to date, under the lock. */
    private InodeRecord currentRecord() {
        if (modified != null) {
            record = record.modified(modified);
            modified = null;
        }
        return record;
    }

    /** Changes the record by what the namespace wants, which commits it. */
    void update(UnaryOperator<InodeRecord> change, OpenInodes.Commit commit) throws HoldfastException {
        recordLock.lock();
        try {
            InodeRecord changed = change.apply(currentRecord());
            commit.commit(changed);
            record = changed;
            loggedBlocks = blockAfter(size);
        } finally {
            recordLock.unlock();
        }
    }

    /** Notes a change of content, and the new size if it is larger (or must be set). */
    void contentChanged(long end, boolean set) {
        Instant now = context.clock().instant();
        recordLock.lock();
        try {
            modified = now;
            if (set || Long.compareUnsigned(end, size) > 0) {
                record = record.withSize(end);
                size = end;
            }
            recordDirty = true;
        } finally {
            recordLock.unlock();
        }
    }

    /** Puts a changed record into the log, with {@code more} changes as one. A file without a name has none there. */
    void logRecord(FileContext.Writer writer, List<LogEntry> more) throws HoldfastException {
        recordLock.lock();
        try {
            if (record.links() > 0 && (recordDirty || !more.isEmpty())) {
                List<LogEntry> entries = new ArrayList<>(more);
                entries.add(new LogEntry.ItemChange(
                        new Item(NamespaceKeys.inode(inode), currentRecord().encode())));
                writer.log().submit(entries);
            } else if (!more.isEmpty()) {
                writer.log().submit(more);
            }
            recordDirty = false;
            loggedBlocks = blockAfter(size);
        } finally {
            recordLock.unlock();
        }
    }

    /** Returns whether nothing of the file is in memory that is not in the log, and no page is cached. */
    boolean isEmpty() {
        recordLock.lock();
        try {
            return pages.isEmpty() && (!recordDirty || record.links() == 0 || context.writer() == null);
        } finally {
            recordLock.unlock();
        }
    }

    /** Returns whether memory has content or a size of the file that the log does not have. */
    boolean isAhead() {
        recordLock.lock();
        try {
            return recordDirty || nextInMemory(0) != Long.MAX_VALUE;
        } finally {
            recordLock.unlock();
        }
    }

    /**
     * Sets the size, and puts it into the log with {@code more} changes as one: no crash comes between them. If the log
     * does not take it, the file keeps its size.
     */
    void setSize(FileContext.Writer writer, long newSize, List<LogEntry> more) throws HoldfastException {
        recordLock.lock();
        try {
            InodeRecord before = currentRecord();
            long sizeBefore = size;
            contentChanged(newSize, true);
            boolean logged = false;
            try {
                logRecord(writer, more);
                logged = true;
            } finally {
                if (!logged) {
                    record = before;
                    size = sizeBefore;
                }
            }
        } finally {
            recordLock.unlock();
        }
    }

    /** Returns whether the log knows that the file is so long that it has this block. */
    boolean sizeIsLogged(long block) {
        return block < loggedBlocks;
    }

    // ---- pages ----

    /** Returns the page of a block if it is cached, locked. */
    @Nullable
    Page lockCached(long block) {
        while (true) {
            Page page = pages.lock(block);
            if (page == null) {
                return null;
            }
            if (!page.dead) {
                page.referenced = true;
                return page;
            }
            page.lock.unlock();
        }
    }

    /**
     * Returns the page of a block, locked, for a change of its content: never a sealed one, whose writeback is waited
     * for. A new one is not up to date. To be given up with {@link #unlock}.
     */
    Page lockPage(long block, boolean nowait) throws HoldfastException {
        while (true) {
            Page page = lockCached(block);
            if (page != null && !page.sealed) {
                return page;
            }
            if (page != null) {
                try {
                    if (nowait) {
                        throw new WouldBlockException(name() + ": the block is being written");
                    }
                    page.awaitIdle();
                } finally {
                    page.lock.unlock();
                }
                continue;
            }
            page = make(block, nowait);
            if (page != null) {
                return page;
            }
        }
    }

    /** Returns a new page of a block, locked, not up to date; null if it has one already. */
    private @Nullable Page make(long block, boolean nowait) throws HoldfastException {
        Page page = context.cache().allocate(nowait);
        page.lock.lock();
        page.begin(this, block);
        if (pages.add(page)) {
            return page;
        }
        page.dead = true;
        letGo(page);
        return null;
    }

    /** Returns a new page of a block, locked, not up to date, without waiting; null if it has one already. */
    @Nullable
    Page tryMake(long block) throws HoldfastException {
        return make(block, true);
    }

    /** Returns the page of a block, locked, as {@link #lockPage}; null if that would wait. Other pages may be locked. */
    @Nullable
    Page tryLockPage(long block) throws HoldfastException {
        Page page = pages.pin(block);
        if (page == null) {
            return make(block, true);
        }
        boolean locked = page.lock.tryLock();
        page.unpin();
        if (!locked) {
            return null;
        }
        if (page.dead || page.sealed) {
            page.lock.unlock();
            return null;
        }
        page.referenced = true;
        return page;
    }

    /** Takes a page out of the index; the cache does, with the page locked and marked dead. */
    void forget(Page page) {
        pages.remove(page);
    }

    /** Drops a page that is locked, with what it holds, and unlocks it. */
    void drop(Page page) {
        discard(page);
        forget(page);
        letGo(page);
    }

    private void letGo(Page page) {
        page.lock.unlock();
        if (page.hasFrame()) {
            page.giveUp();
        }
    }

    /**
     * Puts a sealed page in the place of one that is locked and not under writeback, and drops and unlocks that. A flush
     * that no longer finds the block dirty finds it under writeback.
     */
    void supersede(Page page, Page sealed) {
        writing.add(page.block);
        if (!pages.replace(page, sealed)) {
            throw new IllegalStateException("a live page is not in the index");
        }
        discard(page);
        letGo(page);
    }

    /** Marks a locked page dead and gives its reservation back. */
    private void discard(Page page) {
        if (page.dirty) {
            page.dirty = false;
            notDirty(page);
            context.cache().addDirty(-1);
            page.reserved.close();
        }
        page.dead = true;
    }

    /** Unlocks a page; one that was never filled is dropped, so that an unlocked page always is up to date. */
    void unlock(Page page) {
        if (page.uptodate) {
            page.lock.unlock();
        } else {
            drop(page);
        }
    }

    /**
     * Drops all pages of a range once their writeback has ended. The layout must be held exclusively. Dirty pages go, too:
     * whoever calls this knows that nobody needs them.
     */
    void dropRange(long first, long end) {
        forEachCached(first, end, block -> {
            Page page = lockIdle(block);
            if (page != null) {
                drop(page);
            }
        });
    }

    /**
     * Waits for all writeback in a range and returns its dirty pages, locked. The layout must be held exclusively: then
     * no page of the range becomes dirty, and none is written, until the caller unlocks or drops these. In ascending
     * order, as {@link #lockRange}.
     */
    List<Page> lockDirty(long first, long end) {
        List<Page> locked = new ArrayList<>();
        boolean complete = false;
        try {
            for (long block = nextToLock(first); block < end; block = nextToLock(block + 1)) {
                Page page = lockIdle(block);
                if (page != null && page.dirty) {
                    locked.add(page);
                } else if (page != null) {
                    page.lock.unlock();
                }
            }
            complete = true;
            return locked;
        } finally {
            if (!complete) {
                locked.forEach(page -> page.lock.unlock());
            }
        }
    }

    private long nextToLock(long block) {
        return Inject.off(Guard.RANGE_AWAITS_WRITEBACK) ? dirty.next(block) : nextInMemory(block);
    }

    /**
     * Returns all pages of a range, locked, once their writeback has ended. The layout must be held exclusively, so that
     * nobody else locks more than one. In ascending order, as writeback takes its pages: who has under way what is waited
     * for here then never waits for a page that is locked here already.
     */
    List<Page> lockRange(long first, long end) {
        List<Long> blocks = new ArrayList<>();
        forEachCached(first, end, blocks::add);
        Collections.sort(blocks);
        // As long as it may become: nothing is allocated between a lock and its place in the list.
        List<Page> locked = new ArrayList<>(blocks.size());
        boolean complete = false;
        try {
            for (long block : blocks) {
                Page page = lockIdle(block);
                if (page != null) {
                    locked.add(page);
                }
            }
            complete = true;
            return locked;
        } finally {
            if (!complete) {
                locked.forEach(page -> page.lock.unlock());
            }
        }
    }

    private void forEachCached(long first, long end, LongConsumer action) {
        if (end - first < pages.size()) {
            for (long block = first; block < end; block++) {
                action.accept(block);
            }
            return;
        }
        pages.forEachBlock(block -> {
            if (block >= first && block < end) {
                action.accept(block);
            }
        });
    }

    /** Returns the page of a block if it is cached, locked, and not under writeback. */
    private @Nullable Page lockIdle(long block) {
        Page page = lockCached(block);
        if (page == null) {
            return null;
        }
        boolean waited = false;
        try {
            if (!Inject.off(Guard.RANGE_AWAITS_WRITEBACK)) {
                page.awaitIdle();
            }
            waited = true;
        } finally {
            if (!waited) {
                page.lock.unlock();
            }
        }
        if (page.dead) {
            // Whoever ended the writeback, or the clock, was faster.
            page.lock.unlock();
            return null;
        }
        return page;
    }

    /** Marks a locked page dirty, which takes over the blocks that were reserved for it. */
    void markDirty(Page page, Reservation from, long blocks) {
        from.moveTo(page.reserved, blocks);
        markDirty(page);
    }

    /** Marks a locked page dirty that will never be written: the volume has failed. */
    void markDirty(Page page) {
        page.dirty = true;
        dirty.add(page.block);
        dirtyPages.incrementAndGet();
        context.cache().addDirty(1);
        Inject.at(Point.PAGE_DIRTY);
    }

    /** Takes a locked page that is no longer dirty out of the index of dirty pages. */
    void notDirty(Page page) {
        dirty.remove(page.block);
        dirtyPages.decrementAndGet();
    }

    /** Returns what the map says of a block, registered as a reader for so long. */
    Mapping lookup(long block) throws HoldfastException {
        return context.reader().lookup(map, block);
    }

    /** Does as {@link #lookup}, but throws {@code WOULD_BLOCK} where the device would have to be read. */
    Mapping lookupInMemory(long block) throws HoldfastException {
        return context.reader().lookupInMemory(map, block);
    }

    /** Returns what the map says from a block on. */
    DeltaMap.Run run(long block) throws HoldfastException {
        return context.reader().run(map, block);
    }

    /** Returns the first block from {@code block} on whose newest content is in memory only, or {@code Long.MAX_VALUE}. */
    long nextInMemory(long block) {
        return Math.min(dirty.next(block), writing.next(block));
    }

    static long blockOf(long offset) {
        return Block.at(offset);
    }

    /** Returns the block behind the one that byte {@code end - 1} lies in. */
    static long blockAfter(long end) {
        return Block.count(end);
    }

    static int within(long offset) {
        return (int) (offset & (Block.SIZE - 1));
    }
}
