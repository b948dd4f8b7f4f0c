package io.holdfast.device;

import io.holdfast.checksum.Checksum;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Private memory for whole blocks on their way to a device, being filled.
 *
 * <p>Invariants: the memory is never handed out, only copied into, so that once {@link #seal} has been called nobody
 * can change it; a checksum is always computed over the copy, never over the source, so that a source that changes
 * meanwhile cannot make it wrong (guard «write seals a private copy»).
 *
 * <p>Owned by one thread until sealed.
 */
public final class BlockBuffer {
    private final BufferPool pool;
    private final MemorySegment memory;
    private final int blocks;
    private boolean sealed;

    BlockBuffer(BufferPool pool, MemorySegment memory, int blocks) {
        this.pool = pool;
        this.memory = memory;
        this.blocks = blocks;
    }

    /** Returns how many blocks fit in. */
    public int blocks() {
        return blocks;
    }

    /** Copies one block into slot {@code slot} and returns the checksum of the copy. */
    public long fill(int slot, MemorySegment source, long sourceOffset, Checksum checksum) {
        copy(slot, source, sourceOffset);
        return checksum.of(memory, (long) slot * Device.BLOCK_SIZE, Device.BLOCK_SIZE);
    }

    /** Copies one block into slot {@code slot}. */
    public void copy(int slot, MemorySegment source, long sourceOffset) {
        requireOpen();
        MemorySegment.copy(source, sourceOffset, memory, (long) slot * Device.BLOCK_SIZE, Device.BLOCK_SIZE);
    }

    /** Copies a whole block from an array into slot {@code slot}. */
    public void copy(int slot, byte[] source) {
        requireOpen();
        if (source.length != Device.BLOCK_SIZE) {
            throw new IllegalArgumentException("not a block: " + source.length + " bytes");
        }
        MemorySegment.copy(
                source, 0, memory, ValueLayout.JAVA_BYTE, (long) slot * Device.BLOCK_SIZE, Device.BLOCK_SIZE);
    }

    /** Ends the filling. The first {@code count} blocks are sealed; this object cannot be used any more. */
    public SealedBuffer seal(int count) {
        requireOpen();
        if (count < 1 || count > blocks) {
            throw new IllegalArgumentException("cannot seal %d of %d blocks".formatted(count, blocks));
        }
        sealed = true;
        return new SealedBuffer(pool, memory, blocks, count);
    }

    /** Returns whether the buffer was sealed or given back. */
    public boolean isSealed() {
        return sealed;
    }

    /** Gives the memory back without having sealed it. */
    public void discard() {
        requireOpen();
        sealed = true;
        pool.giveBack(memory, blocks);
    }

    private void requireOpen() {
        if (sealed) {
            throw new IllegalStateException("the buffer was sealed or given back");
        }
    }
}
