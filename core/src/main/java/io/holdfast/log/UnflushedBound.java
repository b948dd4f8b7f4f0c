package io.holdfast.log;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Bounds how much of the log is written and not durable. After a crash recovery reads and verifies all of that, and holds
 * its records in memory. So a writer that never flushes has the device flushed now and then.
 *
 * <p>Thread-safe. One thread at a time flushes; the others go on.
 */
final class UnflushedBound {
    /** 256 MiB. */
    private static final long BLOCKS_MAX = 1 << 16;

    private final FlushGate gate;
    private final LongSupplier usable;
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong durable = new AtomicLong();
    private final AtomicBoolean flushing = new AtomicBoolean();

    /** @param usable blocks of the volume, which may grow: a small one is flushed earlier */
    UnflushedBound(FlushGate gate, LongSupplier usable) {
        this.gate = gate;
        this.usable = usable;
    }

    /**
     * Notes that a record is on the device; flushes if it is time.
     *
     * @param blocks of the record, header included
     */
    void written(long blocks) throws HoldfastException {
        long now = written.addAndGet(blocks);
        if (now - durable.get() < Math.min(BLOCKS_MAX, usable.getAsLong() / 8)
                || !flushing.compareAndSet(false, true)) {
            return;
        }
        try {
            gate.awaitDurable(gate.written());
            flushed(now);
        } catch (HoldfastException e) {
            // No room on the host: the record is there all the same, and a later one flushes.
            if (e.code() != ErrorCode.NO_SPACE) {
                throw e;
            }
        } finally {
            flushing.set(false);
        }
    }

    /** Returns a mark for {@link #flushed}: what is written by now. */
    long mark() {
        return written.get();
    }

    /** Notes that everything up to a mark is durable. */
    void flushed(long mark) {
        durable.accumulateAndGet(mark, Math::max);
    }
}
