package io.holdfast.file;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.event.ThrottleEvent;
import io.holdfast.format.Block;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.SpaceManager;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The memory of all cached blocks: off-heap, bounded, shared by all files.
 *
 * <p>Invariants: a page in {@code slots} is free, or dead and about to be free, or one block's. At most {@code
 * dirtyMax} pages are dirty for long: a writer that would make more waits. So there is always something to
 * evict or to wait for, and a flush or a shutdown has a bounded amount to write.
 *
 * <p>Lock order: a page's lock, then this one. The clock takes page locks only by trying.
 */
public final class PageCache {
    private static final int FRAMES_PER_CHUNK = 256;
    /** The most dirty data, however large the cache is. */
    private static final long DIRTY_BYTES_MAX = 256L << 20;

    private static final System.Logger LOG = System.getLogger(PageCache.class.getName());

    private final Arena arena = Arena.ofShared();
    private final SpaceManager space;
    private final int pagesMax;
    private final DirtyLimit dirty;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition freed = lock.newCondition();
    /** Has room for all pages, so that giving one back needs no memory. */
    private final ArrayDeque<Page> free;
    /** The clock; pages are never taken off it. */
    private final @Nullable Page[] slots;

    private int framesMade;
    private boolean growing = true;
    private int hand;
    private Runnable writebackWanted = () -> {};
    private volatile boolean failed;

    /**
     * @param space where dirty pages have their reservations
     * @throws OutOfMemoryError if there is no memory for the first pages
     */
    public PageCache(long bytes, SpaceManager space) {
        this.space = space;
        pagesMax = Math.clamp(bytes / Block.SIZE, FRAMES_PER_CHUNK, Integer.MAX_VALUE / 2);
        dirty = new DirtyLimit(Math.min(pagesMax / 2, DIRTY_BYTES_MAX / Block.SIZE));
        slots = new Page[pagesMax];
        free = new ArrayDeque<>(pagesMax + 1);
        try {
            addFrames(allocateFrames(FRAMES_PER_CHUNK), 0, FRAMES_PER_CHUNK);
            framesMade = FRAMES_PER_CHUNK;
        } catch (OutOfMemoryError e) {
            arena.close();
            throw e;
        }
    }

    /** Sets the callback for when memory is short and pages are dirty. It must not block. */
    public void setWritebackWanted(Runnable wanted) {
        writebackWanted = wanted;
    }

    /** Ends all waits for memory: after a failure dirty pages stay for good. */
    public void fail() {
        failed = true;
        lock.lock();
        try {
            freed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Takes a dead page; evicts a clean one, or waits for one. A caller that may wait must not hold a page's lock. */
    Page allocate(boolean nowait) throws HoldfastException {
        lock.lock();
        try {
            while (true) {
                Page page = free.poll();
                if (page == null && growing && framesMade < pagesMax) {
                    grow();
                    continue;
                }
                if (page == null) {
                    page = evict();
                }
                if (page != null) {
                    return page;
                }
                if (nowait) {
                    throw new WouldBlockException("waiting for cache memory would block");
                }
                if (failed) {
                    throw new HoldfastException(
                            ErrorCode.NO_MEMORY, "the cache is full of data that can no longer be written");
                }
                writebackWanted.run();
                ThrottleEvent event = new ThrottleEvent();
                event.begin();
                freed.awaitUninterruptibly();
                event.ended(ThrottleEvent.Cause.MEMORY);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Makes more frames. Without memory for them the cache stays as large as it is. Called under the lock, and releases
     * it meanwhile: zeroing new memory takes long.
     */
    private void grow() {
        int first = framesMade;
        int count = Math.min(FRAMES_PER_CHUNK, pagesMax - first);
        framesMade += count;
        MemorySegment chunk = null;
        lock.unlock();
        try {
            chunk = allocateFrames(count);
        } catch (OutOfMemoryError e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "no memory for more than {0} pages of cache; it makes do with these; give the machine more memory, or the volume less",
                    first);
        } finally {
            lock.lock();
        }
        if (chunk == null) {
            growing = false;
        } else {
            addFrames(chunk, first, count);
            freed.signalAll();
        }
    }

    private MemorySegment allocateFrames(int count) {
        if (Inject.fails(Point.ALLOCATE_PAGES)) {
            throw new OutOfMemoryError("no memory for pages");
        }
        return arena.allocate((long) count * Block.SIZE, Block.SIZE);
    }

    private void addFrames(MemorySegment chunk, int first, int count) {
        for (int i = 0; i < count; i++) {
            MemorySegment frame = chunk.asSlice((long) i * Block.SIZE, Block.SIZE);
            Page page = new Page(this, frame, space.emptyReservation());
            slots[first + i] = page;
            free.add(page);
        }
    }

    /** Turns the clock up to twice around until it finds a page to evict. Called under the lock. */
    private @Nullable Page evict() {
        for (int i = 0; i < 2 * framesMade; i++) {
            hand = hand + 1 >= framesMade ? 0 : hand + 1;
            Page page = slots[hand];
            if (page == null) {
                continue; // its memory is being made
            }
            if (page.referenced) {
                page.referenced = false;
                continue;
            }
            if (page.isPinned() || !page.lock.tryLock()) {
                continue;
            }
            try {
                if (!page.isDirty() && !page.isUnderWriteback() && !page.isDead() && page.lock.getHoldCount() == 1) {
                    page.die();
                    Objects.requireNonNull(page.file).forget(page);
                    if (page.takeOver()) {
                        return page;
                    }
                }
            } finally {
                page.lock.unlock();
            }
        }
        return null;
    }

    /** Takes back a dead page that nobody refers to. */
    void release(Page page) {
        lock.lock();
        try {
            // A free page must not keep a closed file in memory.
            page.file = null;
            free.push(page);
            freed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Says that pages have become clean. */
    void cleaned() {
        lock.lock();
        try {
            freed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the count of dirty pages, and its bound. */
    DirtyLimit dirtyLimit() {
        return dirty;
    }

    public long dirty() {
        return dirty.pages();
    }

    /** Returns the most that is dirty, in pages. */
    public long dirtyMax() {
        return dirty.max();
    }

    /** Returns how many pages there may be. */
    public long pagesMax() {
        return pagesMax;
    }

    /** Returns how many pages there is memory for. */
    public long pages() {
        lock.lock();
        try {
            return framesMade;
        } finally {
            lock.unlock();
        }
    }

    public void close() {
        arena.close();
    }
}
