package io.holdfast.node;

import io.holdfast.error.HoldfastException;

/**
 * Decides what becomes of a block when a parent begins to point to it and when a parent no longer does. Parents are nodes of
 * the trees and their roots. Nobody frees a block: whoever changes a parent says what it points to now, and takes come before
 * drops, so that a block which moves from one parent to another never looks dead in between.
 *
 * <p>A node that a writer makes is taken by its writing ({@link NodeWriter#write}). A node that is rewritten hands what it
 * points to over to the new one: nothing is said of that. Used by one thread, for one checkpoint.
 */
public interface Ownership {
    /** Says that one more parent points to a block. */
    void take(long block) throws HoldfastException;

    /**
     * Says that one parent less points to a block.
     *
     * @return whether it was the last one: the block is dead as soon as the checkpoint is durable. If it is a node, what it
     *     points to has lost this parent, too, and the caller says so
     */
    boolean drop(long block) throws HoldfastException;
}
