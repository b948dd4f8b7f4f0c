package io.holdfast.file;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One cached block of a file (the kernel's folio).
 *
 * <p>Invariants, all fields guarded by {@code lock} but {@code referenced}:
 *
 * <ul>
 *   <li>{@code dirty} implies {@code uptodate} and a reservation of {@code reservation} blocks; none after a failure of the volume.
 *   <li>{@code writeback}: a sealed copy of the content is on its way to the device. The page itself may be written to
 *       meanwhile (guard «block under writeback is not modified»: the copy is not) and become dirty again, but a second
 *       writeback waits for the first.
 *   <li>A page in its file's index whose lock is free is {@code uptodate}.
 *   <li>{@code dead}: no longer in its file's index; whoever finds that after locking looks again.
 * </ul>
 */
final class Page {
    final FileData file;
    final long block;
    final MemorySegment memory;
    final int slot;
    final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();

    boolean uptodate;
    boolean dirty;
    boolean writeback;
    boolean dropAfterWriteback;
    boolean dead;
    long reservation;
    /** The reservation of the content under writeback. */
    long sealedReservation;

    /** Second chance for the clock; a hint, so a lost update does no harm. */
    volatile boolean referenced;

    Page(FileData file, long block, MemorySegment memory, int slot) {
        this.file = file;
        this.block = block;
        this.memory = memory;
        this.slot = slot;
    }

    /** Waits, with the lock held, until no writeback runs. */
    void awaitIdle() {
        while (writeback) {
            idle.awaitUninterruptibly();
        }
    }

    /** Ends a writeback, with the lock held. */
    void endWriteback() {
        writeback = false;
        idle.signalAll();
    }
}
