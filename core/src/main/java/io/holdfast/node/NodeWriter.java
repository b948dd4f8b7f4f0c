package io.holdfast.node;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;

/** Takes the new metadata blocks of one checkpoint, and what it no longer points to. Used by one thread. */
public interface NodeWriter extends Ownership {
    /** Writes a node of 4096 bytes to a free block, which its parent owns. The array is copied. */
    BlockPointer write(byte[] node) throws HoldfastException;

    /**
     * Says that a node was rewritten, and what it pointed to is the new one's.
     *
     * @throws IllegalStateException if another parent points to the node: then it is not the new one's alone
     */
    default void dropRewritten(BlockPointer node) throws HoldfastException {
        if (!drop(node.block())) {
            throw new IllegalStateException("the node in block %d is shared and was rewritten".formatted(node.block()));
        }
    }
}
