package io.holdfast.store;

import java.lang.foreign.MemorySegment;

/**
 * Decides whether a block that was read is the one that its parent describes. Sees private memory only, and one block
 * perhaps twice: the second time after the block was read again.
 */
public interface BlockCheck {
    /** For a block that proves itself, or has no checksum. */
    BlockCheck NONE = (index, memory, offset) -> true;

    /**
     * Checks one block.
     *
     * @param index 0 for the first block of the read
     * @param offset of the block in {@code memory}, in bytes
     */
    boolean isGood(int index, MemorySegment memory, long offset);
}
