package io.holdfast.device;

import java.lang.foreign.MemorySegment;

/**
 * Blocks that nobody can change any more: the only thing a {@link Device} writes. Made by {@link BlockBuffer#seal}.
 */
public final class SealedBuffer {
    private final BufferPool pool;
    private final MemorySegment memory;
    private final int capacity;
    private final int blocks;
    private boolean released;

    SealedBuffer(BufferPool pool, MemorySegment memory, int capacity, int blocks) {
        this.pool = pool;
        this.memory = memory;
        this.capacity = capacity;
        this.blocks = blocks;
    }

    public int blocks() {
        return blocks;
    }

    /** Returns a read-only view of the blocks, aligned to 4096 bytes in native memory. */
    public MemorySegment contents() {
        if (released) {
            throw new IllegalStateException("the buffer was released");
        }
        return memory.asSlice(0, (long) blocks * Device.BLOCK_SIZE).asReadOnly();
    }

    /** Gives the memory back to its pool. Call once, when no write from it is running any more. */
    public void release() {
        if (released) {
            throw new IllegalStateException("released twice");
        }
        released = true;
        pool.giveBack(memory, capacity);
    }
}
