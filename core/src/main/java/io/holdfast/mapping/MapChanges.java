package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.node.NodeReader;
import io.holdfast.node.NodeWriter;

/** What a checkpoint wants to know while changes are applied to map trees. */
public interface MapChanges extends NodeReader, NodeWriter {
    /** The trees hold {@code difference} more unwritten blocks. */
    void unwrittenChanged(long difference);

    /** A node that was to be dropped is damaged: it and what hangs below it stay allocated. */
    void leaked(BlockPointer node, HoldfastException why);

    /** Takes subtrees that are cut off a map, to drop their blocks little by little. */
    interface CutOff {
        /**
         * Takes one.
         *
         * @param level of the subtree's root; a leaf has level 1
         */
        void subtree(BlockPointer root, int level) throws HoldfastException;
    }
}
