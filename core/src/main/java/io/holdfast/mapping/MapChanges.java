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

    /** Takes nodes that could not be read when their content had to change. */
    interface LostNodes {
        /**
         * Takes one. Its pointer is kept, and all blocks below it stay allocated; a new node takes its place, in which everything
         * is lost that was not changed.
         *
         * @param firstBlock of the file, below the node
         * @throws HoldfastException if this is not to be believed: the caller changes nothing
         */
        void lost(BlockPointer node, int level, long firstBlock, HoldfastException why) throws HoldfastException;
    }

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
