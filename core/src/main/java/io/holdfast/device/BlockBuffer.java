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
 * Private memory for whole blocks on their way to a device, while it is being filled.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Only this class writes to the memory, by copying into it, and nothing else ever could (see {@link BufferPool}).
 *       What {@link #show} hands out is read-only.
 *   <li>After {@link #seal} nobody can change a block any more. After {@link #show} nobody can change a block that is
 *       filled.
 *   <li>A checksum is always computed over the copy, never over the source. So a source that changes meanwhile cannot
 *       make it wrong ({@link Guard#SEALED_COPY}).
 *   <li>Only filled slots can be sealed, so no block of an earlier use reaches a device.
 * </ul>
 *
 * <p>One thread at a time uses a buffer until it is sealed. This class enforces that: each call claims the buffer, and
 * throws if it finds the buffer claimed, sealed or given back. So a thread that is late with its copy can never change
 * a block that is sealed already.
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
    /** Empty unless the simulator has taken {@link Guard#SEALED_COPY} away. */
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

    /**
     * Ends the filling, and seals the first {@code count} blocks. Afterwards no block can be filled.
     *
     * @throws IllegalStateException if one of these blocks was never filled
     */
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

    /**
     * Ends the filling without sealing. The memory goes back to the pool now or, if it is shown, with {@link #endShow}.
     */
    public void discard() {
        claim();
        state.set(State.ENDED);
        if (!shown) {
            pool.giveBackPrivate(memory);
        }
    }

    /**
     * Lets others read the filled blocks while they are on their way to the device. From here on no filled slot can be
     * filled again. The memory stays out of the pool until {@link #endShow}, even after the sealed buffer is released.
     *
     * @return a read-only view of all slots; nobody may use it after {@link #endShow}
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
        // The slot counts as empty during the copy, which may fail half-way: the source may be a mapped file that was
        // cut off.
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
