package io.holdfast.cli.demo;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the server promised for each block.
 *
 * <p>Invariants: for each block {@code durable <= acknowledged <= issued}. A block has one writer at a time, which
 * raises {@code issued} before it sends a version and {@code acknowledged} when the answer came. {@code durable} is
 * raised to what was acknowledged before a flush was sent, by whatever connection, when that flush is acknowledged. A
 * version up to {@code gone} that is not the one found after the last crash must never be seen again.
 *
 * <p>Every {@link #ZEROES_EVERY}th version of a block is zeroes, made by a discard or a write of zeroes.
 */
final class Ledger {
    static final int ZEROES_EVERY = 8;

    private final AtomicIntegerArray issued;
    private final AtomicIntegerArray acknowledged;
    private final AtomicIntegerArray durable;
    private final AtomicIntegerArray gone;
    private final AtomicLong writes = new AtomicLong();
    private final AtomicLong flushes = new AtomicLong();

    Ledger(int blocks) {
        issued = new AtomicIntegerArray(blocks);
        acknowledged = new AtomicIntegerArray(blocks);
        durable = new AtomicIntegerArray(blocks);
        gone = new AtomicIntegerArray(blocks);
    }

    int blocks() {
        return issued.length();
    }

    /** Returns whether a version is zeroes. */
    static boolean zeroes(int version) {
        return version % ZEROES_EVERY == 0;
    }

    /** Returns the version to write next. */
    int issue(int block) {
        return issued.incrementAndGet(block);
    }

    /** Says that the last version issued for a block was acknowledged. */
    void acknowledge(int block) {
        acknowledged.set(block, issued.get(block));
        writes.incrementAndGet();
    }

    /** Returns what a flush that is sent from now on will cover. */
    int[] beforeFlush() {
        int[] covered = new int[blocks()];
        for (int i = 0; i < covered.length; i++) {
            covered[i] = acknowledged.get(i);
        }
        return covered;
    }

    /** Says that the flush was acknowledged. */
    void afterFlush(int[] covered) {
        for (int i = 0; i < covered.length; i++) {
            if (durable.get(i) < covered[i]) {
                durable.accumulateAndGet(i, covered[i], Math::max);
            }
        }
        flushes.incrementAndGet();
    }

    long writes() {
        return writes.get();
    }

    long flushes() {
        return flushes.get();
    }

    /** Returns which version zeroes are: the newest they can be, and 0 if they can be none that may be there. */
    private int versionOfZeroes(int block) {
        int newest = issued.get(block) / ZEROES_EVERY * ZEROES_EVERY;
        if (newest > gone.get(block)) {
            return newest;
        }
        return zeroes(durable.get(block)) ? durable.get(block) : 0;
    }

    /** Returns how many blocks have a version that must not be lost. */
    long durableBlocks() {
        long count = 0;
        for (int i = 0; i < blocks(); i++) {
            count += durable.get(i) > 0 ? 1 : 0;
        }
        return count;
    }

    /** What a block turned out to be after a crash. */
    enum Finding {
        /** At least as new as promised. */
        KEPT,
        /** As promised, and an acknowledged version that no flush covered is gone, which is allowed. */
        UNFLUSHED_LOST,
        /** Older than a flush promised. */
        FLUSHED_LOST,
        /** Not a whole version of this block, or one that an earlier crash had taken. */
        TORN
    }

    /**
     * Judges the version found, which is the block's state from now on.
     *
     * @param found as {@link Pattern#version} tells; 0 if the block is all zero
     */
    Finding judge(int block, int found) {
        int version = found == 0 ? versionOfZeroes(block) : found;
        if (version == Pattern.TORN || version > issued.get(block)) {
            return Finding.TORN;
        }
        if (version < durable.get(block)) {
            return Finding.FLUSHED_LOST;
        }
        if (version > durable.get(block) && version <= gone.get(block)) {
            return Finding.TORN;
        }
        Finding finding = version < acknowledged.get(block) ? Finding.UNFLUSHED_LOST : Finding.KEPT;
        durable.set(block, version);
        acknowledged.set(block, version);
        gone.set(block, issued.get(block));
        return finding;
    }
}
