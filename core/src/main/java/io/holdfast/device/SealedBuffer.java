package io.holdfast.device;

import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Blocks that nobody can change any more, on their way to a {@link Device}. {@link BlockBuffer#seal} makes it. A device
 * writes nothing else but a {@link LentBuffer}.
 *
 * <p>Invariants: the memory is read-only for everybody from the sealing until it returns to the pool. It returns when
 * the buffer is released and no {@link Hold} is left. So nobody fills it anew while a write still reads it.
 */
public final class SealedBuffer {
    /** Set in {@link #state} by the release; the bits below count the holds. */
    private static final int RELEASED = 1 << 30;

    private final BufferPool pool;
    private final MemorySegment memory;
    private final int blocks;
    private final List<Source> sources;
    private final AtomicInteger state;

    /** Where a block came from. */
    record Source(int slot, MemorySegment memory) {}

    /**
     * @param sources empty, unless the simulator has taken the guard {@code SEALED_COPY} away
     * @param shown whether the block buffer shows the memory to others, which counts as a hold
     */
    SealedBuffer(BufferPool pool, MemorySegment memory, int blocks, List<Source> sources, boolean shown) {
        this.pool = pool;
        this.memory = memory;
        this.blocks = blocks;
        this.sources = sources;
        this.state = new AtomicInteger(shown ? 1 : 0);
    }

    public int blocks() {
        return blocks;
    }

    /**
     * Returns a read-only view of the blocks, in native memory aligned to 4096 bytes. Nobody may use it after the
     * release. A device takes a {@link #hold()}, which needs no such promise.
     */
    public MemorySegment contents() {
        if ((state.get() & RELEASED) != 0) {
            throw new IllegalStateException("the buffer was released");
        }
        return view();
    }

    /** Keeps the memory out of the pool until the hold is closed. A device takes a hold while it reads the memory. */
    public Hold hold() {
        int now = state.get();
        while (true) {
            if ((now & RELEASED) != 0) {
                throw new IllegalStateException("the buffer was released");
            }
            int seen = state.compareAndExchange(now, now + 1);
            if (seen == now) {
                return new Hold();
            }
            now = seen;
        }
    }

    /** Gives the memory back to its pool, at once or when the last hold ends. Call once. */
    public void release() {
        int before = state.getAndUpdate(now -> now | RELEASED);
        if ((before & RELEASED) != 0) {
            throw new IllegalStateException("released twice");
        }
        if (before == 0) {
            pool.giveBackPrivate(memory);
        }
    }

    void endHold() {
        if (state.decrementAndGet() == RELEASED) {
            pool.giveBackPrivate(memory);
        }
    }

    private MemorySegment view() {
        for (Source source : sources) {
            memory.asSlice((long) source.slot() * Block.SIZE, Block.SIZE).copyFrom(source.memory());
        }
        return memory.asSlice(0, (long) blocks * Block.SIZE).asReadOnly();
    }

    /** The right to read the blocks. One thread owns it, and closes it once. */
    public final class Hold implements AutoCloseable {
        private boolean closed;

        private Hold() {}

        /** Returns a read-only view of all blocks. */
        public MemorySegment contents() {
            if (closed) {
                throw new IllegalStateException("the hold has ended");
            }
            return view();
        }

        @Override
        public void close() {
            if (closed) {
                throw new IllegalStateException("the hold ended twice");
            }
            closed = true;
            endHold();
        }
    }
}
