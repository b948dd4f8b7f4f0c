package io.holdfast.cli.demo;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps what the server has promised for each block.
 *
 * <p>Invariants: for each block {@code durable <= acknowledged <= issued}. A block has one writer at a time. The writer
 * raises {@code issued} before it sends a version, and {@code acknowledged} when the answer has come. When a flush is
 * acknowledged, on any connection, {@code durable} rises to what was acknowledged before that flush was sent. A version
 * up to {@code gone} must never be seen again, except the one found after the last crash.
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

    /** Records that the last version issued for a block was acknowledged. */
    void acknowledge(int block) {
        acknowledged.set(block, issued.get(block));
        writes.incrementAndGet();
    }

    /** Returns the versions that a flush sent from now on will cover. */
    int[] beforeFlush() {
        int[] covered = new int[blocks()];
        for (int i = 0; i < covered.length; i++) {
            covered[i] = acknowledged.get(i);
        }
        return covered;
    }

    /** Records that the flush was acknowledged. */
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

    /**
     * Returns the version of a block found zero: the newest possible one, or 0 if no version that may be there is
     * zeroes.
     */
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

    /** The state of a block after a crash. */
    enum Finding {
        /** At least as new as promised. */
        KEPT,
        /** As promised, but an acknowledged version that no flush covered is gone; that is allowed. */
        UNFLUSHED_LOST,
        /** Older than a flush promised. */
        FLUSHED_LOST,
        /** Not a whole version of this block, or a version that an earlier crash had lost. */
        TORN
    }

    /**
     * Judges the version found, and takes it as the block's state from now on.
     *
     * @param found as {@link Pattern#version} returns it; 0 if the block is all zero
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
