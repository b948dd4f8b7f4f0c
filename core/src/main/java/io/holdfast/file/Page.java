package io.holdfast.file;

import io.holdfast.concurrent.Timing;
import io.holdfast.error.HoldfastException;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.space.Reservation;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One block of a file in memory (the kernel's folio): in a frame of the cache, or sealed, on its way to the device. The
 * cache reuses its pages: a dead one becomes another block's ({@link #begin}), so a cache in full use makes no garbage.
 * A pin keeps a page from being reused.
 *
 * <p>Invariants ({@code lock} guards all fields except {@code referenced}, {@code next} and the pins):
 *
 * <ul>
 *   <li>{@code dirty} implies {@code uptodate}; {@code reserved} then has the blocks that writing the page back takes,
 *       but none after a failure of the volume.
 *   <li>{@code writeback}: a sealed copy of the content is on its way to the device. Writers may change the page
 *       meanwhile, but not the copy (guard {@code SEALED_COPY}). The page may become dirty again; a second writeback
 *       waits for the first.
 *   <li>A page in its file's index whose lock is free is {@code uptodate}.
 *   <li>{@code sealed}: the memory is the sealed copy itself, read-only; the page is {@code uptodate},
 *       {@code writeback} and not {@code dirty}. A writer of the block waits until the writeback has ended and the page
 *       is dead. The sealed pages of one record share a lock. After a failure of the volume the page stays, dirty, with
 *       a copy on the heap.
 *   <li>A page has a frame, and is on the clock, unless it is or was sealed.
 *   <li>{@code dead}: no longer in its file's index. A thread that finds this after locking looks the block up again.
 *   <li>{@code file} and {@code block} stay the same while a thread has the lock or a pin. A thread pins a live page
 *       before it waits for its lock. Without the pin the page could be reused, and the thread would wait behind the
 *       owner of another block: a possible deadlock.
 * </ul>
 */
final class Page {
    /** Added to the pins when the page is given up; then the thread that takes the last pin away frees it. */
    private static final int GIVEN_UP = 1 << 30;

    private static final VarHandle PINS;

    static {
        try {
            PINS = MethodHandles.lookup().findVarHandle(Page.class, "pins", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @Nullable
    FileData file;

    long block;
    /** The next one in its chain; {@link PageTable} alone uses it. */
    @Nullable
    Page next;

    /** Null if the page is sealed. */
    private final @Nullable PageCache cache;

    final ReentrantLock lock;
    /** Made when a thread first waits; few do. */
    private @Nullable Condition idle;

    MemorySegment memory;

    // The state. Only the transitions below change it, and each refuses one that cannot be.
    private boolean sealed;
    private boolean uptodate;
    private boolean dirty;
    private boolean writeback;
    private boolean dropAfterWriteback;
    private boolean dead;
    /** For the dirty content. The batch holds the reservation of content under writeback. */
    final Reservation reserved;

    /** Second chance for the clock; a hint, so a lost or late update does no harm. */
    boolean referenced;

    /** Changed through {@link #PINS} only. */
    @SuppressWarnings("UnusedVariable")
    private volatile int pins;

    /** Makes a page of the cache that is no block's yet. */
    Page(PageCache cache, MemorySegment memory, Reservation reserved) {
        this.reserved = reserved;
        this.cache = cache;
        this.memory = memory;
        this.lock = new ReentrantLock();
        this.dead = true;
    }

    /** Makes a dead page from the cache, locked by the caller, a new page of a block, not up to date. */
    void begin(FileData owner, long itsBlock) {
        require(dead && !dirty && !writeback && !sealed, "become another block's");
        file = owner;
        block = itsBlock;
        uptodate = false;
        dropAfterWriteback = false;
        dead = false;
        referenced = true;
    }

    // ---- state, with the lock held ----

    boolean isSealed() {
        return sealed;
    }

    /** Returns whether the memory has the block's content. */
    boolean isUptodate() {
        return uptodate;
    }

    boolean isDirty() {
        return dirty;
    }

    boolean isUnderWriteback() {
        return writeback;
    }

    boolean isDead() {
        return dead;
    }

    /** Returns whether the page is not worth keeping once it is written. */
    boolean isDroppedAfterWriteback() {
        return dropAfterWriteback;
    }

    /** The memory has the block's content now. */
    void filled() {
        require(!dead && !sealed, "be filled");
        uptodate = true;
    }

    /** The content is newer than the device's. */
    void markDirty() {
        require(!dead && !sealed && uptodate && !dirty, "become dirty");
        dirty = true;
    }

    /** Says whether to keep the page once it is written. */
    void dropAfterWriteback(boolean drop) {
        dropAfterWriteback = drop;
    }

    /** A sealed copy of the content is on its way. */
    void startWriteback() {
        require(dirty && !dead && (!writeback || Inject.off(Guard.ONE_WRITEBACK)), "go to the device");
        writeback = true;
        dirty = false;
    }

    /** The dirty content is not wanted any more. */
    void forgetChanges() {
        require(dirty, "lose changes");
        dirty = false;
    }

    /** The page leaves its file's index. */
    void die() {
        require(!dirty && !dead, "die");
        dead = true;
    }

    /** A sealed page that was not written gets memory of its own, with the same content. */
    void keep(MemorySegment copy) {
        require(sealed && !writeback && !dead, "be kept");
        memory = copy;
        sealed = false;
    }

    private void require(boolean possible, String what) {
        if (!possible) {
            throw new IllegalStateException("the page of block %d cannot %s: %s%s%s%s%s"
                    .formatted(
                            block,
                            what,
                            dead ? "dead " : "",
                            dirty ? "dirty " : "",
                            writeback ? "under writeback " : "",
                            sealed ? "sealed " : "",
                            uptodate ? "" : "not up to date"));
        }
    }

    // ---- pins ----

    /** Keeps the page the same block's. */
    void pin() {
        PINS.getAndAdd(this, 1);
    }

    /** Takes a pin away. */
    void unpin() {
        if ((int) PINS.getAndAdd(this, -1) == GIVEN_UP + 1) {
            free();
        }
    }

    /** Gives up a dead, unlocked page: it may become another block's when it is no longer pinned. */
    void giveUp() {
        if ((int) PINS.getAndAdd(this, GIVEN_UP) == 0) {
            free();
        }
    }

    /** Does as {@link #giveUp} for the clock, which keeps a page without pins for itself; returns whether it does. */
    boolean takeOver() {
        boolean free = (int) PINS.getAndAdd(this, GIVEN_UP) == 0;
        if (free) {
            PINS.setRelease(this, 0);
        }
        return free;
    }

    boolean isPinned() {
        return (int) PINS.getVolatile(this) != 0;
    }

    private void free() {
        PINS.setRelease(this, 0);
        Objects.requireNonNull(cache).release(this);
    }

    /**
     * Makes a sealed page, which is under writeback from the beginning.
     *
     * @param lock of all pages of the record
     * @param idle signalled when their writeback has ended
     */
    Page(FileData file, long block, MemorySegment memory, ReentrantLock lock, Condition idle) {
        this.file = file;
        this.block = block;
        this.memory = memory;
        this.reserved = Reservation.NONE;
        this.cache = null;
        this.lock = lock;
        this.idle = idle;
        this.sealed = true;
        this.uptodate = true;
        this.writeback = true;
    }

    // ---- writeback ----

    boolean hasFrame() {
        return cache != null;
    }

    /** Waits, with the lock held, until no writeback runs; the page may be dead then. */
    void awaitIdle() {
        if (!writeback) {
            return;
        }
        pin();
        try {
            while (writeback) {
                Condition condition = idle == null ? lock.newCondition() : idle;
                idle = condition;
                condition.awaitUninterruptibly();
            }
        } finally {
            unpin();
        }
    }

    /** Looks, between two waits, whether there is still something to wait for. */
    interface Look {
        void look() throws HoldfastException;
    }

    /**
     * Does as {@link #awaitIdle()}, but looks after about so many nanoseconds each time.
     *
     * @throws HoldfastException of the look; the writeback may still run
     */
    void awaitIdle(Timing timing, long nanos, Look look) throws HoldfastException {
        if (!writeback) {
            return;
        }
        boolean interrupted = false;
        pin();
        try {
            while (writeback) {
                Condition condition = idle == null ? lock.newCondition() : idle;
                idle = condition;
                try {
                    timing.await(lock, condition, nanos);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
                if (writeback) {
                    look.look();
                }
            }
        } finally {
            unpin();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends a writeback, with the lock held. */
    void endWriteback() {
        writeback = false;
        if (idle != null) {
            idle.signalAll();
        }
    }
}
