package io.holdfast.mapping;

import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoublePredicate;

/**
 * Bounds the memory of all changes of a volume's maps, active and frozen together. Who is about to make changes asks first
 * ({@link #tryAdmit}), and waits while there is no room. Beyond a soft limit the active changes are a reason for a checkpoint.
 *
 * <p>The changes' share is a quarter of the volume's {@code memory}. The hard limit leaves a margin of it to
 * what may not wait. That is, first, the dirty pages: they were acknowledged, and writeback makes changes of
 * them. The cache has one dirty page for 16 KiB of {@code memory} at most, and a page's change takes 256 bytes if it is the
 * only one in its file: a 64th. Second, slabs of which a small part is in use, one for each size of pieces: 512 KiB and another 64th.
 *
 * <table>
 * <caption>MiB</caption>
 * <tr><th>memory</th><th>share</th><th>margin</th><th>hard limit</th><th>soft limit</th></tr>
 * <tr><td>16</td><td>4</td><td>1</td><td>3</td><td>1.7</td></tr>
 * <tr><td>32</td><td>8</td><td>1.5</td><td>6.5</td><td>3.7</td></tr>
 * <tr><td>256</td><td>64</td><td>8.5</td><td>55.5</td><td>31.2</td></tr>
 * <tr><td>1024</td><td>256</td><td>32.5</td><td>223.5</td><td>125.7</td></tr>
 * </table>
 *
 * <p>While a checkpoint writes the frozen changes, writers make new ones. They may fill half of the room that is left at
 * once, and more as the checkpoint proceeds ({@link #advance}). So a writer that is faster than the checkpoint waits often
 * and for a moment, and not once until the checkpoint is over, which would be seconds. The rest is for writers that have
 * waited for long ({@link #tryAdmitLate}).
 *
 * <p>The log bounds them, too, and in the same way: with much memory a slow checkpoint would leave more of it to replay than
 * may be ({@link #boundBy}).
 *
 * <p>Invariants: {@code memory.bytes() + BLOCK_BYTES * promised} was at most {@code hard} when the newest of the
 * promises was made. A log that is replayed counts, but does not wait: it holds what an earlier mount had room for. Thread-safe.
 */
public final class ChangeBudget {
    /** Most bytes of a change of one block: an entry, its chunk's part of the tree, and what lies free beside them. */
    public static final int BLOCK_BYTES = 64;
    /** So many blocks stand for a change of a range: parts of two chunks may change block by block. */
    public static final int RANGE_BLOCKS = 512;

    /** For volumes of tests, which have less memory than a user may ask for. */
    public static final long HARD_MIN = 2L << 20;

    /** Parts of the room beside the frozen changes: what may be filled at once, and what when all maps are written. */
    private static final double ROOM_AT_FIRST = 0.50;

    private static final double ROOM_AT_LAST = 0.85;

    /** So much of its limit the log behind a checkpoint may have when all maps are written. The rest is for late writers. */
    private static final double LOG_AT_LAST = 0.97;

    private static final long SLABS_MARGIN = 8L * ChangeMemory.SLAB_BYTES;

    private final ChangeMemory memory;
    private final long share;
    private final long hard;
    private final AtomicLong promised = new AtomicLong();
    /** What was in use when the changes were frozen that a checkpoint is applying; else 0. */
    private volatile long frozen;
    /** So many bytes of active changes there may be now. */
    private volatile long line = Long.MAX_VALUE;
    /** How much log there may be behind the checkpoint now, as a part of what there may be at its end. */
    private volatile double logPart = 1;

    private volatile DoublePredicate logIsFull = _ -> false;

    /** @param share bytes for the changes, a quarter of the volume's memory */
    public ChangeBudget(ChangeMemory memory, long share) {
        this(memory, share, HARD_MIN);
    }

    /**
     * Does as {@link #ChangeBudget(ChangeMemory, long)}.
     *
     * @param hardMin the least hard limit
     */
    public ChangeBudget(ChangeMemory memory, long share, long hardMin) {
        this.memory = memory;
        this.share = share;
        this.hard = Math.max(share - share / 8 - SLABS_MARGIN, hardMin);
    }

    /**
     * Sets what else keeps changes from being admitted: the log behind the checkpoint that is being written.
     *
     * @param full answers whether that log is longer than a part, from 0 to 1, of its limit; it must be cheap
     */
    public void boundBy(DoublePredicate full) {
        logIsFull = full;
    }

    /** Returns the bytes that the changes never exceed. */
    public long share() {
        return share;
    }

    /** Returns the bytes that the changes never exceed: the share, or more in volumes of tests that have nearly no memory. */
    public long limit() {
        return Math.max(share, hard + 2 * ChangeMemory.SLAB_BYTES);
    }

    /** Returns the bytes beyond which nobody may begin to make changes. */
    public long hard() {
        return hard;
    }

    /** Returns the bytes of active changes beyond which a checkpoint should begin. */
    public long soft() {
        return hard / 16 * 9;
    }

    /** Returns the bytes in use. */
    public long bytes() {
        return memory.bytes();
    }

    /**
     * Admits changes of so many blocks, if there is room. The caller says {@link #end} when they are made, or will not be.
     */
    public boolean tryAdmit(long blocks) {
        return tryAdmit(blocks, line, logPart);
    }

    /**
     * Admits changes of so many blocks that have waited for long, also ahead of the checkpoint. What is kept back from the
     * others is for these: a checkpoint that stands still for a moment stops nobody.
     */
    public boolean tryAdmitLate(long blocks) {
        return tryAdmit(blocks, Long.MAX_VALUE, 1);
    }

    private boolean tryAdmit(long blocks, long active, double log) {
        if (Inject.off(Guard.CHANGES_AWAIT_ROOM)) {
            admitAnyway(blocks);
            return true;
        }
        if (logIsFull.test(log) || Inject.fails(Point.CHANGES_FULL)) {
            return false;
        }
        long together = promised.addAndGet(blocks) * BLOCK_BYTES;
        long used = memory.bytes();
        if (used + together <= hard && used - frozen + together <= active) {
            return true;
        }
        promised.addAndGet(-blocks);
        return false;
    }

    /** Admits changes for which there may be no room. */
    public void admitAnyway(long blocks) {
        promised.addAndGet(blocks);
    }

    /** Ends what was admitted. */
    public void end(long blocks) {
        promised.addAndGet(-blocks);
    }

    /** Returns whether the active changes are a reason for a checkpoint. */
    public boolean wantsCheckpoint() {
        return memory.bytes() - frozen > soft();
    }

    /** Notes that all changes so far are frozen. */
    public void froze() {
        frozen = memory.bytes();
        advance(0, 1);
    }

    /**
     * Notes how far the checkpoint is.
     *
     * @param done at most {@code all}
     * @param all nodes of maps that it writes, at least 1
     */
    public void advance(long done, long all) {
        double written = (double) done / all;
        line = (long) ((hard - frozen) * (ROOM_AT_FIRST + (ROOM_AT_LAST - ROOM_AT_FIRST) * written));
        logPart = ROOM_AT_FIRST + (LOG_AT_LAST - ROOM_AT_FIRST) * written;
    }

    /** Notes that the checkpoint has written all maps. What is left takes about as long whatever there is to write. */
    public void mapsWritten() {
        line = Long.MAX_VALUE;
        logPart = 1;
    }

    /** Notes that the memory of the frozen changes was given back. */
    public void committed() {
        frozen = 0;
        line = Long.MAX_VALUE;
        logPart = 1;
    }
}
