package io.holdfast.store;

import java.lang.foreign.MemorySegment;

/**
 * Says whether a block that was read is what its parent says it is. Asked of private memory only, and perhaps twice of one
 * block: the second time after the block was read again.
 */
public interface BlockCheck {
    /** For what proves itself, or has nothing to be proven by. */
    BlockCheck NONE = (index, memory, offset) -> true;

    /**
     * Checks one block.
     *
     * @param index 0 for the first block of the read
     * @param offset of the block in {@code memory}, in bytes
     */
    boolean isGood(int index, MemorySegment memory, long offset);
}
