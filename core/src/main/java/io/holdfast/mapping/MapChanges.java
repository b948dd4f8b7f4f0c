package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.node.NodeReader;
import io.holdfast.node.NodeWriter;

/** What a checkpoint wants to know while changes are applied to map trees. */
public interface MapChanges extends NodeReader, NodeWriter {
    /** A data block is in a tree now. */
    void dataAdded(long block) throws HoldfastException;

    /** A data block is in no tree any more. */
    void dataRemoved(long block) throws HoldfastException;

    /** The trees hold {@code difference} more unwritten blocks. */
    void unwrittenChanged(long difference);

    /** A whole subtree was cut off; its blocks are to be freed little by little. */
    void subtreeRemoved(BlockPointer root, int level) throws HoldfastException;

    /** A node that was to be freed is damaged: it and what hangs below it stay allocated. */
    void leaked(BlockPointer node, HoldfastException why);
}
