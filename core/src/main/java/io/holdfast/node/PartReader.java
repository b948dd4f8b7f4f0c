package io.holdfast.node;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;

/** A reader that has no whole node at hand: it copies the part that is asked for, and all of a node on request. */
public interface PartReader extends NodeReader {
    @Override
    default byte[] read(BlockPointer pointer, String structure) throws HoldfastException {
        byte[] node = new byte[Block.SIZE];
        copy(pointer, structure, Following.NONE, 0, node, node.length);
        return node;
    }

    @Override
    void copy(BlockPointer pointer, String structure, Following following, int from, byte[] into, int length)
            throws HoldfastException;
}
