package io.holdfast.node;

import io.holdfast.error.HoldfastException;

/**
 * Decides what becomes of a block when a parent begins to point to it and when it no longer does. Parents are nodes of
 * the trees and their roots. No writer frees a block: a writer that changes a parent reports the parent's new and lost
 * blocks. Takes come before drops, so that a block that moves from one parent to another never looks dead in between.
 *
 * <p>{@link NodeWriter#write} takes the node that it writes. A rewritten node's blocks pass to the new node without a
 * report. Used by one thread, for one checkpoint.
 */
public interface Ownership {
    /** Reports that one more parent points to a block. */
    void take(long block) throws HoldfastException;

    /**
     * Reports that one parent less points to a block.
     *
     * @return whether it was the last one: the block is dead as soon as the checkpoint is durable. If it is a node, the
     *     caller also drops the blocks that it points to
     */
    boolean drop(long block) throws HoldfastException;
}
