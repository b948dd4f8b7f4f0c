package io.holdfast.device;

import io.holdfast.checksum.Checksum;
import io.holdfast.format.Block;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Private memory for whole blocks on their way to a device, being filled.
 *
 * <p>Invariants: nobody can write to the memory but by copying into it here, and nobody could before (see
 * {@link BufferPool}): what {@link #show} hands out is read-only. So once {@link #seal} or {@link #show} has been called
 * nobody can change what is in it; a checksum is always computed
 * over the copy, never over the source, so that a source that changes meanwhile cannot make it wrong (guard «write
 * seals a private copy»); only filled slots can be sealed, so that no block of an earlier use reaches a device.
 *
 * <p>Used by one thread at a time until sealed. That is not trusted but enforced: each call claims the buffer, and one
 * that finds it claimed, sealed or given back throws. So a racing thread that is late with its copy can never change
 * blocks that are sealed already.
 */
public final class BlockBuffer {
    private enum State {
        OPEN,
        CLAIMED,
        ENDED
    }

    private final BufferPool pool;
    private final MemorySegment memory;
    private final int blocks;
    private final BitSet filled;
    private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
    /** Filled only while guard {@link Guard#SEALED_COPY} is off. */
    private final List<SealedBuffer.Source> sources = new ArrayList<>();

    private boolean shown;
    private @Nullable SealedBuffer sealed;

    BlockBuffer(BufferPool pool, MemorySegment memory, int blocks) {
        this.pool = pool;
        this.memory = memory;
        this.blocks = blocks;
        this.filled = new BitSet(blocks);
    }

    /** Returns how many blocks fit in. */
    public int blocks() {
        return blocks;
    }

    /** Copies one block into slot {@code slot} and returns the checksum of the copy. */
    public long fill(int slot, MemorySegment source, long sourceOffset, Checksum checksum) {
        claim();
        try {
            copyClaimed(slot, source, sourceOffset);
            if (Inject.off(Guard.SEALED_COPY)) {
                sources.add(new SealedBuffer.Source(slot, source.asSlice(sourceOffset, Block.SIZE)));
            }
            return checksum.of(memory, (long) slot * Block.SIZE, Block.SIZE);
        } finally {
            state.set(State.OPEN);
        }
    }

    /** Copies one block into slot {@code slot}. */
    public void copy(int slot, MemorySegment source, long sourceOffset) {
        claim();
        try {
            copyClaimed(slot, source, sourceOffset);
        } finally {
            state.set(State.OPEN);
        }
    }

    /** Copies a whole block from an array into slot {@code slot}. */
    public void copy(int slot, byte[] source) {
        if (source.length != Block.SIZE) {
            throw new IllegalArgumentException("not a block: " + source.length + " bytes");
        }
        copy(slot, MemorySegment.ofArray(source), 0);
    }

    /** Ends the filling. The first {@code count} blocks are sealed; this object cannot be used any more. */
    public SealedBuffer seal(int count) {
        claim();
        State next = State.OPEN;
        try {
            if (count < 1 || count > blocks) {
                throw new IllegalArgumentException("cannot seal %d of %d blocks".formatted(count, blocks));
            }
            int empty = filled.nextClearBit(0);
            if (empty < count) {
                throw new IllegalStateException("block %d of %d was never filled".formatted(empty, count));
            }
            SealedBuffer made = new SealedBuffer(pool, memory, count, sources, shown);
            sealed = made;
            next = State.ENDED;
            return made;
        } finally {
            state.set(next);
        }
    }

    /** Returns whether the buffer was sealed or given back. */
    public boolean isSealed() {
        return state.get() == State.ENDED;
    }

    /** Gives the memory back without having sealed it; if it is shown, {@link #endShow} does. */
    public void discard() {
        claim();
        state.set(State.ENDED);
        if (!shown) {
            pool.giveBackPrivate(memory);
        }
    }

    /**
     * Lets others read what is filled while it is on its way. From here on no filled slot can be filled again, and the
     * memory stays out of the pool until {@link #endShow}, also after the release of the sealed buffer.
     *
     * @return a read-only view of all slots, not to be used after {@link #endShow}
     */
    public MemorySegment show() {
        MemorySegment view = memory.asReadOnly();
        claim();
        shown = true;
        state.set(State.OPEN);
        return view;
    }

    /** Ends what {@link #show} began: nobody reads the view any more. Call once, after the sealing or discarding. */
    public void endShow() {
        if (!shown || !isSealed()) {
            throw new IllegalStateException("the buffer is not shown, or still being filled");
        }
        shown = false;
        if (sealed == null) {
            pool.giveBackPrivate(memory);
        } else {
            sealed.endHold();
        }
    }

    private void copyClaimed(int slot, MemorySegment source, long sourceOffset) {
        if (slot < 0 || slot >= blocks) {
            throw new IndexOutOfBoundsException("no slot %d in a buffer of %d blocks".formatted(slot, blocks));
        }
        if (shown && filled.get(slot)) {
            throw new IllegalStateException("slot %d is shown".formatted(slot));
        }
        // Not filled while the copy runs: it may fail half-way, when the source is a mapped file that was cut off.
        filled.clear(slot);
        MemorySegment.copy(source, sourceOffset, memory, (long) slot * Block.SIZE, Block.SIZE);
        filled.set(slot);
    }

    private void claim() {
        State found = state.compareAndExchange(State.OPEN, State.CLAIMED);
        if (found == State.CLAIMED) {
            throw new IllegalStateException("two threads use the buffer at once");
        }
        if (found == State.ENDED) {
            throw new IllegalStateException("the buffer was sealed or given back");
        }
    }
}
