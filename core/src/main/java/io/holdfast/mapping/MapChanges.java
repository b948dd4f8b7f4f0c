package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.node.NodeReader;
import io.holdfast.node.NodeWriter;

/** Learns, for a checkpoint, what applying changes does to the map trees. */
public interface MapChanges extends NodeReader, NodeWriter {
    /** The trees hold {@code difference} more unwritten blocks. */
    void unwrittenChanged(long difference);

    /** A node that should be dropped is damaged: it and all blocks below stay allocated. */
    void leaked(BlockPointer node, HoldfastException why);

    /** Takes subtrees that were cut off a map; their blocks are dropped little by little. */
    interface CutOff {
        /**
         * Takes one.
         *
         * @param level of the subtree's root; a leaf has level 1
         */
        void subtree(BlockPointer root, int level) throws HoldfastException;
    }
}
