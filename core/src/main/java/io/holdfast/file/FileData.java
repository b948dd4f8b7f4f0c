package io.holdfast.file;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.format.Block;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.BlockMap;
import io.holdfast.mapping.MapExtent;
import io.holdfast.mapping.Mapping;
import io.holdfast.mapping.UnreadableRangeException;
import io.holdfast.namespace.InodeRecord;
import io.holdfast.space.Reservation;
import io.holdfast.volume.FileStatus;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * One open inode: its cached pages, its block map, and its record. Shared by all handles of the file.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Reads and writes hold {@code layout} shared. Calls that take blocks away or move them under a reader (punch,
 *       zero, truncate, allocate, a zero-copy write) hold it exclusively. Writeback does not take it: its pages stay in
 *       the index until the map knows their new places.
 *   <li>A page is in {@code dirty} exactly while it is dirty, in {@code writing} exactly while it is under writeback.
 *   <li>Bytes behind the end of the file in its last block are not defined. A write or truncate that grows the file
 *       zeroes them first, and writes the zeroes to the device before the log has the new size. It holds {@code layout}
 *       exclusively for that: another thread may be writing there.
 *   <li>A block behind the end, by the size in the log, is never data: a write grows the size before a page becomes
 *       dirty, and writeback logs the size before it takes the page.
 * </ul>
 *
 * <p>Lock order: {@code layout}, pages' locks (with {@code layout} shared, one at a time or by trying), {@code
 * attributes}, then the log's locks.
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
    final FileAttributes attributes;

    /** Where writeback goes on that nobody waits for. A hint: two threads may write from the same place. */
    volatile long writebackFrom;

    private final AtomicInteger dirtyPages = new AtomicInteger();

    /** The canonical path the file was opened by; follows renames, null if that name is gone. */
    private volatile @Nullable String path;

    FileData(FileContext context, long inode, BlockMap map, InodeRecord record) {
        this.context = context;
        this.inode = inode;
        this.map = map;
        this.attributes = new FileAttributes(inode, record, context.clock());
    }

    long size() {
        return attributes.size();
    }

    boolean checksummed() {
        return attributes.checksummed();
    }

    /** Returns what messages call the file: volume, path and inode number. */
    String name() {
        return context.volumeName() + ": " + label();
    }

    /** Returns what the file is called within its volume. One that was opened by number may have a name that is not known. */
    String label() {
        String known = path;
        return (known == null ? "a file that is open without a name" : known) + " (inode " + inode + ")";
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
        return attributes.record().links() == 0;
    }

    /** Returns the parts for writing; throws {@code READ_ONLY}, or the latched failure. */
    FileContext.Writer writer() throws HoldfastException {
        FileContext.Writer writer = context.writer();
        if (writer == null) {
            throw new HoldfastException(ErrorCode.READ_ONLY, context.volumeName() + " is open read-only");
        }
        writer.latch().check();
        return writer;
    }

    /** Returns the attributes; blocks that only memory has count as allocated. */
    FileStatus status() {
        long blocks = map.dataBlocksAtMost() + dirtyEstimate();
        return attributes.record().status(inode, blocks * Block.SIZE);
    }

    /** Returns about how many pages are dirty. */
    int dirtyEstimate() {
        return dirtyPages.get();
    }

    /** Returns whether no page is cached and the log has everything of the file. */
    boolean isEmpty() {
        return attributes.isDispensable(context.writer() == null, pages::isEmpty);
    }

    /** Returns whether memory has content or a size of the file that the log does not have. */
    boolean isAhead() {
        return attributes.isAheadOr(() -> nextInMemory(0) != Long.MAX_VALUE);
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
            if (!page.isDead()) {
                page.referenced = true;
                return page;
            }
            page.lock.unlock();
        }
    }

    /**
     * Returns the page of a block, locked, for a change of its content. Waits for the writeback of a sealed page and
     * never returns one. A new page is not up to date. The caller gives the page up with {@link #unlock}.
     */
    Page lockPage(long block, boolean nowait) throws HoldfastException {
        while (true) {
            Page page = lockCached(block);
            if (page != null && !page.isSealed()) {
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

    /** Returns a new page of a block, locked, not up to date; null if the block has one already. */
    private @Nullable Page make(long block, boolean nowait) throws HoldfastException {
        Page page = context.cache().allocate(nowait);
        page.lock.lock();
        page.begin(this, block);
        if (pages.add(page)) {
            return page;
        }
        page.die();
        letGo(page);
        return null;
    }

    /** Returns a new page of a block, locked, not up to date, without waiting; null if the block has one already. */
    @Nullable
    Page tryMake(long block) throws HoldfastException {
        return make(block, true);
    }

    /** Does as {@link #lockPage}, but returns null in place of waiting. The caller may hold other pages' locks. */
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
        if (page.isDead() || page.isSealed()) {
            page.lock.unlock();
            return null;
        }
        page.referenced = true;
        return page;
    }

    /** Takes a page out of the index. The caller has locked the page and marked it dead. */
    void forget(Page page) {
        pages.remove(page);
    }

    /** Drops a locked page with its content, and unlocks it. */
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
     * Replaces a page that is locked and not under writeback by a sealed one, then drops and unlocks it. The block is
     * in {@code writing} before it leaves {@code dirty}, so a flush always finds it.
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
        if (page.isDirty()) {
            page.forgetChanges();
            notDirty(page);
            context.cache().dirtyLimit().remove(1);
            page.reserved.close();
        }
        page.die();
    }

    /** Unlocks a page, or drops it if it was never filled. So an unlocked page is always up to date. */
    void unlock(Page page) {
        if (page.isUptodate()) {
            page.lock.unlock();
        } else {
            drop(page);
        }
    }

    /**
     * Marks a locked page dirty; the page takes over the blocks reserved for it. It has its new content already: if there
     * is no memory for this, the volume has failed.
     */
    void markDirty(Page page, Reservation from, long blocks) {
        try {
            dirty.add(page.block);
        } catch (OutOfMemoryError | StackOverflowError e) {
            FileContext.Writer writer = context.writer();
            if (writer != null) {
                writer.latch().fail(e);
            }
            throw e;
        }
        from.moveTo(page.reserved, blocks);
        setDirty(page);
    }

    /** Marks a locked page dirty without a reservation: the volume has failed and will never write it. */
    void markDirty(Page page) {
        try {
            dirty.add(page.block);
        } catch (OutOfMemoryError | StackOverflowError e) {
            // No writeback looks for it any more. As a dirty page it stays, and readers find it.
        }
        setDirty(page);
    }

    private void setDirty(Page page) {
        page.markDirty();
        dirtyPages.incrementAndGet();
        context.cache().dirtyLimit().add(1);
        Inject.at(Point.PAGE_DIRTY);
    }

    /** Takes a locked page that is no longer dirty out of the index of dirty pages. */
    void notDirty(Page page) {
        dirty.remove(page.block);
        dirtyPages.decrementAndGet();
    }

    /** Reads blocks from the device, as {@link BlockReader#read} does; an error names the file. */
    int read(long first, int count, BlockReader.Sink sink) throws HoldfastException {
        try {
            return context.reader().read(map, name(), first, count, sink);
        } catch (UnreadableRangeException e) {
            throw placed(e);
        }
    }

    /** Looks a block up in the map, registered as a reader meanwhile; an error names the file. */
    Mapping lookup(long block) throws HoldfastException {
        try {
            return context.reader().lookup(map, block);
        } catch (UnreadableRangeException e) {
            throw placed(e);
        }
    }

    /** Returns the error with the file's name, and with the range in bytes, up to the end of the file. */
    private UnreadableRangeException placed(UnreadableRangeException e) {
        long offset = Block.offset(e.first());
        long toEnd = Math.max(Block.count(size()) - e.first(), 1);
        long length = Block.offset(Math.min(e.count(), toEnd));
        String message = "%s: offset %s, length %s: %s"
                .formatted(name(), Long.toUnsignedString(offset), Long.toUnsignedString(length), e.getMessage());
        return new UnreadableRangeException(e.code(), message, e.first(), e.count(), e);
    }

    /** Does as {@link #lookup}, but throws {@code WOULD_BLOCK} where the device would have to be read. */
    Mapping lookupInMemory(long block) throws HoldfastException {
        return context.reader().lookupInMemory(map, block);
    }

    /**
     * Returns what the map says from a block on.
     *
     * @throws UnreadableRangeException if nobody knows, with the file's name and the range
     */
    MapExtent run(long block) throws HoldfastException {
        try {
            return context.reader().run(map, block);
        } catch (UnreadableRangeException e) {
            throw placed(e);
        }
    }

    /** Returns the first block from {@code block} on that is dirty or under writeback, or {@code Long.MAX_VALUE}. */
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
