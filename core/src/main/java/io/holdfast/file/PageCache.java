package io.holdfast.file;

import io.holdfast.device.Device;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The memory of all cached blocks: off-heap, bounded, shared by all files.
 *
 * <p>Invariants: a frame is free, or belongs to exactly one page in {@code slots}. At most {@code dirtyMax} pages are
 * dirty for long: whoever makes more has to write some back. So there is always something to evict or to wait for, and a
 * flush or a shutdown has a bounded amount to write.
 *
 * <p>Lock order: a page's lock, then this one. The clock takes page locks only by trying.
 */
public final class PageCache {
    private static final int FRAMES_PER_CHUNK = 256;
    /** So much dirty data is accepted at most, however large the cache is. */
    private static final long DIRTY_BYTES_MAX = 256L << 20;

    private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(Page[].class);

    private static final System.Logger LOG = System.getLogger(PageCache.class.getName());

    private final Arena arena = Arena.ofShared();
    private final int pagesMax;
    private final int dirtyMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition freed = lock.newCondition();
    private final ArrayDeque<Frame> free = new ArrayDeque<>();
    private final @Nullable Page[] slots;
    private int framesMade;
    private boolean growing = true;
    private int hand;
    private final AtomicLong dirty = new AtomicLong();
    private Runnable writebackWanted = () -> {};
    private volatile boolean failed;

    /** Memory for one page, and its place on the clock. */
    record Frame(MemorySegment memory, int slot) {}

    /** @throws OutOfMemoryError if there is no memory for the first pages */
    public PageCache(long bytes) {
        pagesMax = Math.clamp(bytes / Device.BLOCK_SIZE, FRAMES_PER_CHUNK, Integer.MAX_VALUE / 2);
        dirtyMax = (int) Math.min(pagesMax * 2L / 5, DIRTY_BYTES_MAX / Device.BLOCK_SIZE);
        slots = new Page[pagesMax];
        try {
            addFrames(allocateFrames(FRAMES_PER_CHUNK), 0, FRAMES_PER_CHUNK);
            framesMade = FRAMES_PER_CHUNK;
        } catch (OutOfMemoryError e) {
            arena.close();
            throw e;
        }
    }

    /** Sets what is called when memory is short and pages are dirty. Must not block. */
    public void setWritebackWanted(Runnable wanted) {
        writebackWanted = wanted;
    }

    /** After a failure dirty pages stay for good: waiting for one to be written is in vain. */
    public void fail() {
        failed = true;
        lock.lock();
        try {
            freed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes a free frame, evicting a clean page or waiting for one. The caller must not hold a page's lock.
     */
    Frame allocate(boolean nowait) throws HoldfastException {
        lock.lock();
        try {
            while (true) {
                Frame frame = free.poll();
                if (frame == null && growing && framesMade < pagesMax) {
                    grow();
                    continue;
                }
                if (frame == null) {
                    frame = evict();
                }
                if (frame != null) {
                    return frame;
                }
                if (nowait) {
                    throw new WouldBlockException("waiting for cache memory would block");
                }
                if (failed) {
                    throw new HoldfastException(
                            ErrorCode.NO_MEMORY, "the cache is full of data that can no longer be written");
                }
                writebackWanted.run();
                freed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Makes more frames; if there is no memory for them, the cache stays as large as it is. Called under the lock, and
     * lets go of it meanwhile: new memory is zeroed, which takes long.
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
                    "no memory for more than {0} pages of cache; give it less with --memory",
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
        return arena.allocate((long) count * Device.BLOCK_SIZE, Device.BLOCK_SIZE);
    }

    private void addFrames(MemorySegment chunk, int first, int count) {
        for (int i = 0; i < count; i++) {
            free.add(new Frame(chunk.asSlice((long) i * Device.BLOCK_SIZE, Device.BLOCK_SIZE), first + i));
        }
    }

    /** Turns the clock up to twice around until it finds a page that can go. Called under the lock. */
    private @Nullable Frame evict() {
        for (int i = 0; i < 2 * pagesMax; i++) {
            hand = hand + 1 == pagesMax ? 0 : hand + 1;
            Page page = (Page) SLOTS.getAcquire(slots, hand);
            if (page == null) {
                continue;
            }
            if (page.referenced) {
                page.referenced = false;
                continue;
            }
            if (!page.lock.tryLock()) {
                continue;
            }
            try {
                if (!page.dirty && !page.writeback && !page.dead && page.lock.getHoldCount() == 1) {
                    page.dead = true;
                    page.file.forget(page);
                    slots[hand] = null;
                    return new Frame(page.memory, page.slot);
                }
            } finally {
                page.lock.unlock();
            }
        }
        return null;
    }

    /** Puts a page on the clock. */
    void register(Page page) {
        // The slot is the page's since its frame was handed out; the clock may see it a little later.
        SLOTS.setRelease(slots, page.slot, page);
    }

    /** Takes back a frame that no page got. */
    void giveBack(Frame frame) {
        lock.lock();
        try {
            free.push(frame);
            freed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Takes back the frame of a page that is dead. */
    void release(Page page) {
        lock.lock();
        try {
            slots[page.slot] = null;
            free.push(new Frame(page.memory, page.slot));
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

    void addDirty(long difference) {
        dirty.addAndGet(difference);
    }

    public long dirty() {
        return dirty.get();
    }

    /** Returns whether so much is dirty that whoever writes more has to write some back first. */
    boolean overDirtyLimit() {
        return dirty.get() > dirtyMax;
    }

    /** Returns whether so much is dirty that background writeback should begin. */
    boolean worthWriting() {
        return dirty.get() > dirtyMax / 2;
    }

    public void close() {
        arena.close();
    }
}
