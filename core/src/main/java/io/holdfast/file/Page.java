package io.holdfast.file;

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
 * cache's pages stay: one that is dead becomes another block's ({@link #begin}), so that a cache in full use makes no
 * garbage. A pin keeps it from that.
 *
 * <p>Invariants, all fields guarded by {@code lock} but {@code referenced}, {@code next} and the pins:
 *
 * <ul>
 *   <li>{@code dirty} implies {@code uptodate} and that {@code reserved} has what writing the page back takes; nothing after a
 *       failure of the volume.
 *   <li>{@code writeback}: a sealed copy of the content is on its way to the device. The page itself may be written to
 *       meanwhile (guard «block under writeback is not modified»: the copy is not) and become dirty again, but a second
 *       writeback waits for the first.
 *   <li>A page in its file's index whose lock is free is {@code uptodate}.
 *   <li>{@code sealed}: the memory is the sealed copy itself and read-only; {@code uptodate}, {@code writeback}, and not
 *       {@code dirty}. Who wants to change the block waits until the writeback has ended and the page is dead. Sealed
 *       pages of one record share their lock. After a failure of the volume the page stays, dirty, with a copy on the
 *       heap.
 *   <li>A page has a frame, and is on the clock, unless it is or was sealed.
 *   <li>{@code dead}: no longer in its file's index; whoever finds that after locking looks again.
 *   <li>{@code file} and {@code block} stay the same while somebody has the lock or a pin. Who waits for a live page's lock has a pin,
 *       so nobody ever waits for another block's page, which could be a deadlock.
 * </ul>
 */
final class Page {
    /** Added to the pins when the page has been given up: whoever takes the last pin away then frees it. */
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
    /** Made when somebody waits: few do. */
    private @Nullable Condition idle;

    MemorySegment memory;
    boolean sealed;

    boolean uptodate;
    boolean dirty;
    boolean writeback;
    boolean dropAfterWriteback;
    boolean dead;
    /** For the dirty content. That of content under writeback is the batch's. */
    final Reservation reserved;

    /** Second chance for the clock; a hint, so a lost or late update does no harm. */
    boolean referenced;

    /** Changed through {@link #PINS} only. */
    @SuppressWarnings("UnusedVariable")
    private volatile int pins;

    /** Makes a page of the cache, which is nobody's yet. */
    Page(PageCache cache, MemorySegment memory, Reservation reserved) {
        this.reserved = reserved;
        this.cache = cache;
        this.memory = memory;
        this.lock = new ReentrantLock();
        this.dead = true;
    }

    /** Makes a dead page, which the caller has locked and got from the cache, a new one of a block, not up to date. */
    void begin(FileData owner, long itsBlock) {
        file = owner;
        block = itsBlock;
        uptodate = false;
        dropAfterWriteback = false;
        dead = false;
        referenced = true;
    }

    /** Keeps the page what it is. */
    void pin() {
        PINS.getAndAdd(this, 1);
    }

    /** Takes a pin away. */
    void unpin() {
        if ((int) PINS.getAndAdd(this, -1) == GIVEN_UP + 1) {
            free();
        }
    }

    /** Gives up a dead page, which is unlocked: it may become another block's when it is no longer pinned. */
    void giveUp() {
        if ((int) PINS.getAndAdd(this, GIVEN_UP) == 0) {
            free();
        }
    }

    /** As {@link #giveUp}, by the clock, which takes the page itself if nobody has a pin; returns whether it does. */
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

    /** Ends a writeback, with the lock held. */
    void endWriteback() {
        writeback = false;
        if (idle != null) {
            idle.signalAll();
        }
    }
}
