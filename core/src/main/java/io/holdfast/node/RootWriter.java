package io.holdfast.node;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;

/** Takes the new nodes of a tree whose root lies in two blocks. */
public interface RootWriter extends NodeWriter {
    /**
     * Writes the content of a node once more, to a free block as far away from the first as possible, which the node's parent owns, too.
     * Copies the array.
     *
     * @return the block
     */
    long writeCopy(BlockPointer node, byte[] content) throws HoldfastException;
}
