package io.holdfast.file;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One block of a file in memory (the kernel's folio): in a frame of the cache, or sealed, on its way to the device.
 *
 * <p>Invariants, all fields guarded by {@code lock} but {@code referenced}:
 *
 * <ul>
 *   <li>{@code dirty} implies {@code uptodate} and a reservation of {@code reservation} blocks; none after a failure of the volume.
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
 * </ul>
 */
final class Page {
    private static final int NO_FRAME = -1;

    final FileData file;
    final long block;
    final int slot;
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
    long reservation;
    /** The reservation of the content under writeback. */
    long sealedReservation;

    /** Second chance for the clock; a hint, so a lost or late update does no harm. */
    boolean referenced;

    Page(FileData file, long block, MemorySegment memory, int slot) {
        this.file = file;
        this.block = block;
        this.memory = memory;
        this.slot = slot;
        this.lock = new ReentrantLock();
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
        this.slot = NO_FRAME;
        this.lock = lock;
        this.idle = idle;
        this.sealed = true;
        this.uptodate = true;
        this.writeback = true;
    }

    boolean hasFrame() {
        return slot != NO_FRAME;
    }

    /** Waits, with the lock held, until no writeback runs. */
    void awaitIdle() {
        while (writeback) {
            Condition condition = idle == null ? lock.newCondition() : idle;
            idle = condition;
            condition.awaitUninterruptibly();
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
