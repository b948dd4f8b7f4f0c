package io.holdfast.node;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;

/** Takes the new metadata blocks of one checkpoint, and the blocks that it no longer points to. Used by one thread. */
public interface NodeWriter extends Ownership {
    /** Writes a node of 4096 bytes to a free block, which its parent owns. Copies the array. */
    BlockPointer write(byte[] node) throws HoldfastException;

    /**
     * Notes that a node was rewritten: the new node takes over the blocks it pointed to.
     *
     * @throws IllegalStateException if another parent points to the node: then the new node cannot take them over
     */
    default void dropRewritten(BlockPointer node) throws HoldfastException {
        if (!drop(node.block())) {
            throw new IllegalStateException("the node in block %d is shared and was rewritten".formatted(node.block()));
        }
    }
}
