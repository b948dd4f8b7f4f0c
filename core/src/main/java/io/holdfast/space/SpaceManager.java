package io.holdfast.space;

import io.holdfast.format.Layout;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Allocates blocks and keeps its promises: every reserved block can be allocated.
 *
 * <p>Invariants, under the lock:
 *
 * <ul>
 *   <li>A block is free in the bitmap only if no durable checkpoint, no record of the log, and no reader needs it. Dead
 *       blocks wait as {@code pending} until the checkpoint that leaves them out is durable and the readers that may
 *       know them have left (guards {@code FREED_AWAIT_CHECKPOINT} and {@code FREED_AWAIT_READERS}).
 *   <li>{@code available() = free + leased - reserved - metadata - unwritten - slop} may be promised to a write. Each
 *       promise ends exactly once: as an allocation, or given back.
 *   <li>The slop is for changes that must never fail on a full volume: log headers, the checkpoint's own nodes,
 *       removals, and the nodes for writes into unwritten blocks, of which a dirty page reserves more than it needs.
 * </ul>
 */
public final class SpaceManager {
    /** The purpose of a reservation. */
    public enum Purpose {
        /** New data or a new name: leaves the slop and the unwritten ranges alone. */
        WRITE,
        /**
         * Data into an unwritten block, which has its promise already. The checkpoint that makes the block written
         * drops that promise. Until then the block is counted twice: this may refuse a write early, and never accepts
         * one too many.
         */
        WRITE_UNWRITTEN,
        /** A change that frees space: may use half of the slop. */
        RELEASE
    }

    /** The answer to a request for space. */
    public enum Answer {
        RESERVED,
        /** Not so much is left, but a checkpoint may free some. */
        FULL_FOR_NOW,
        FULL
    }

    private static final long UNWRITTEN_PER_NODE = 128;

    private final ReentrantLock lock = new ReentrantLock();
    private final FreeBitmap bitmap;
    private final long usable;
    private final long slop;

    private long leased;
    private long reserved;
    private long metadataActive;
    private long metadataFrozen;
    private long unwrittenTree;
    private long unwrittenDelta;
    private LongList pendingActive = new LongList();
    private LongList pendingFrozen = new LongList();
    private long pendingRelease;

    public SpaceManager(Layout layout) {
        bitmap = new FreeBitmap(layout.blocks());
        for (int copy = 0; copy < Layout.SUPERBLOCK_COPIES; copy++) {
            for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
                bitmap.setBusy(layout.superblock(copy, slot));
            }
        }
        for (long b = layout.spaceMapStart(); b < layout.spaceMapEnd(); b++) {
            bitmap.setBusy(b);
        }
        usable = bitmap.free();
        slop = Math.clamp(usable / 64, 192, 16384);
    }

    /** Returns how many blocks lie outside of the fixed structures. */
    public long usable() {
        return usable;
    }

    public long slop() {
        return slop;
    }

    /** Returns a good length for a run of the log: long enough to write at full speed, short against the slop. */
    public int runLength() {
        return Math.clamp(usable / 256, 16, 1024);
    }

    /** Marks a block as in use when the volume is opened; returns false if it is already. */
    public boolean markBusy(long block) {
        lock.lock();
        try {
            if (bitmap.isBusy(block)) {
                return false;
            }
            bitmap.setBusy(block);
            return true;
        } finally {
            lock.unlock();
        }
    }

    public boolean isBusy(long block) {
        lock.lock();
        try {
            return bitmap.isBusy(block);
        } finally {
            lock.unlock();
        }
    }

    // ---- promises ----

    /** Promises blocks if so many are left. */
    public Answer reserve(long blocks, Purpose purpose) {
        lock.lock();
        try {
            long left = switch (purpose) {
                case WRITE -> available();
                case WRITE_UNWRITTEN, RELEASE -> available() + unwrittenPromise() + slop / 2;
            };
            if (left < blocks || Inject.fails(Point.ALLOCATE_RESERVE)) {
                return checkpointMayHelp() ? Answer.FULL_FOR_NOW : Answer.FULL;
            }
            reserved += blocks;
            return Answer.RESERVED;
        } finally {
            lock.unlock();
        }
    }

    /** Returns a reservation that others hand blocks over to. */
    public Reservation emptyReservation() {
        return new Reservation(this, 0);
    }

    /** Takes back blocks of a reservation. */
    void unreserve(long blocks) {
        if (blocks < 0) {
            throw new IllegalStateException("more used than was reserved");
        }
        lock.lock();
        try {
            reserved -= blocks;
            if (reserved < 0) {
                throw new IllegalStateException("more given back than was reserved");
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Turns blocks of a reservation into promises for the nodes that the next checkpoint will write, and for unwritten
     * blocks. Either count may be negative, for a change that replaces another.
     */
    public void settle(Reservation from, long blocks, long nodes, long unwrittenBlocks) {
        from.take(blocks);
        lock.lock();
        try {
            reserved -= blocks;
            metadataActive += nodes;
            unwrittenDelta += unwrittenBlocks;
            if (reserved < 0) {
                throw new IllegalStateException("more settled than was reserved");
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns an upper bound of the unwritten blocks: it may count some written since the last checkpoint. */
    private long unwritten() {
        return Math.max(0, unwrittenTree + unwrittenDelta);
    }

    /** Returns the promise for unwritten blocks and the map nodes that writing them makes: 1 for 256, and parents. */
    private long unwrittenPromise() {
        return unwritten() + unwritten() / UNWRITTEN_PER_NODE;
    }

    private long available() {
        return bitmap.free() + leased - reserved - metadataActive - metadataFrozen - unwrittenPromise() - slop;
    }

    // ---- allocation ----

    /** Takes a run of up to {@code wanted} blocks for the log; null if no block is free. */
    public @Nullable Run lease(int wanted) {
        lock.lock();
        try {
            int[] length = new int[1];
            long start = Inject.fails(Point.ALLOCATE_LEASE) ? -1 : bitmap.take(wanted, length);
            if (start < 0) {
                return null;
            }
            leased += length[0];
            return new Run(start, start + length[0]);
        } finally {
            lock.unlock();
        }
    }

    /** Notes that {@code blocks} leased blocks are in use now, {@code promised} of them from a reservation. */
    public void consume(long blocks, Reservation from, long promised) {
        from.take(promised);
        lock.lock();
        try {
            leased -= blocks;
            reserved -= promised;
            if (leased < 0 || reserved < 0) {
                throw new IllegalStateException("more consumed than was leased or reserved");
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes a run of up to {@code wanted} blocks for nodes of a checkpoint; null if no block is free. */
    public @Nullable Run takeForMetadata(int wanted) {
        lock.lock();
        try {
            int[] length = new int[1];
            long start = Inject.fails(Point.ALLOCATE_NODES) ? -1 : bitmap.take(wanted, length);
            return start < 0 ? null : new Run(start, start + length[0]);
        } finally {
            lock.unlock();
        }
    }

    /** Gives back blocks that were taken and never written to. */
    public void giveBackUnused(Run run) {
        lock.lock();
        try {
            for (long b = run.start(); b < run.end(); b++) {
                bitmap.setFree(b);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Notes that a block is dead once the present changes are in a durable checkpoint. */
    public void release(long block) {
        lock.lock();
        try {
            if (Inject.off(Guard.FREED_AWAIT_CHECKPOINT)) {
                bitmap.setFree(block);
                return;
            }
            pendingActive.add(block);
        } finally {
            lock.unlock();
        }
    }

    // ---- checkpoint ----

    /** Separates the counts for the checkpoint that begins now from later ones. */
    public void freeze() {
        lock.lock();
        try {
            pendingFrozen.addAll(pendingActive);
            pendingActive = new LongList();
            metadataFrozen += metadataActive;
            metadataActive = 0;
        } finally {
            lock.unlock();
        }
    }

    /** Adds a block that the running checkpoint leaves out. */
    public void releaseFrozen(long block) {
        lock.lock();
        try {
            if (Inject.off(Guard.FREED_AWAIT_CHECKPOINT)) {
                bitmap.setFree(block);
                return;
            }
            pendingFrozen.add(block);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Notes that the checkpoint is durable.
     *
     * @param frozenUnwritten the applied changes' count of unwritten blocks
     * @return the dead blocks; the caller passes them to {@link #reuse} once the last reader that may know them has
     *     left
     */
    public LongList commit(long unwrittenInTree, long frozenUnwritten) {
        lock.lock();
        try {
            LongList dead = pendingFrozen;
            pendingFrozen = new LongList();
            pendingRelease += dead.size();
            metadataFrozen = 0;
            unwrittenTree = unwrittenInTree;
            unwrittenDelta -= frozenUnwritten;
            return dead;
        } finally {
            lock.unlock();
        }
    }

    /** Makes dead blocks free. */
    public void reuse(LongList dead) {
        lock.lock();
        try {
            for (int i = 0; i < dead.size(); i++) {
                bitmap.setFree(dead.get(i));
            }
            pendingRelease -= dead.size();
        } finally {
            lock.unlock();
        }
    }

    public void setUnwrittenInTree(long blocks) {
        lock.lock();
        try {
            unwrittenTree = blocks;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether a checkpoint may make more blocks available. */
    private boolean checkpointMayHelp() {
        return pendingActive.size() + pendingFrozen.size() + pendingRelease + metadataActive + metadataFrozen > 0
                || reserved > 0;
    }

    /** Returns how many dead blocks wait to become free. */
    public long pending() {
        lock.lock();
        try {
            return pendingActive.size() + pendingFrozen.size() + pendingRelease;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the counts at one instant, in blocks. */
    public Counts counts() {
        lock.lock();
        try {
            long pending = pendingActive.size() + pendingFrozen.size() + pendingRelease;
            return new Counts(
                    usable,
                    bitmap.free(),
                    leased,
                    reserved,
                    metadataActive + metadataFrozen,
                    unwritten(),
                    pending,
                    Math.max(0, available()));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Counts in blocks.
     *
     * @param free not in use by anything
     * @param leased given to the log and not used yet
     * @param reserved promised to accepted writes; 0 at rest
     * @param metadata promised to the next checkpoint
     * @param unwritten promised to unwritten ranges
     * @param pending dead, waiting for a checkpoint
     * @param available may be promised to a write now
     */
    public record Counts(
            long usable,
            long free,
            long leased,
            long reserved,
            long metadata,
            long unwritten,
            long pending,
            long available) {}
}
