package io.holdfast.space;

/**
 * The blocks that are promised: to accepted writes, to the nodes of the next checkpoint, and to unwritten blocks. Not
 * thread-safe; {@link SpaceManager} guards it.
 *
 * <p>Invariant: each promise ends exactly once, as an allocation, or given back. So no count goes below zero.
 */
final class Promises {
    private static final long UNWRITTEN_PER_NODE = 128;

    private long reserved;
    private long metadataActive;
    private long metadataFrozen;
    private long unwrittenTree;
    private long unwrittenDelta;

    /** Returns how many blocks accepted writes may still take. */
    long reserved() {
        return reserved;
    }

    /** Returns how many blocks the nodes of the running and of the next checkpoint may take. */
    long metadata() {
        return metadataActive + metadataFrozen;
    }

    /** Returns an upper bound of the unwritten blocks: it may count some written since the last checkpoint. */
    long unwritten() {
        return Math.max(0, unwrittenTree + unwrittenDelta);
    }

    /** Returns what unwritten blocks need, and the map nodes that writing them makes: 1 for 256, and parents. */
    long forUnwritten() {
        return unwritten() + unwritten() / UNWRITTEN_PER_NODE;
    }

    /** Returns the sum of all promises. */
    long sum() {
        return reserved + metadata() + forUnwritten();
    }

    void reserve(long blocks) {
        reserved += blocks;
    }

    /** Ends the promise of reserved blocks: they are used, or given back. */
    void unreserve(long blocks) {
        reserved -= blocks;
        if (reserved < 0) {
            throw new IllegalStateException("more used or given back than was reserved");
        }
    }

    /** Promises blocks for nodes and for unwritten blocks. Either count may be negative, for a change that replaces another. */
    void change(long nodes, long unwrittenBlocks) {
        metadataActive += nodes;
        unwrittenDelta += unwrittenBlocks;
    }

    /** Sets the promises for nodes aside for the checkpoint that begins. */
    void freeze() {
        metadataFrozen += metadataActive;
        metadataActive = 0;
    }

    /**
     * The checkpoint is durable.
     *
     * @param frozenUnwritten the applied changes' count of unwritten blocks
     */
    void commit(long unwrittenInTree, long frozenUnwritten) {
        metadataFrozen = 0;
        unwrittenTree = unwrittenInTree;
        unwrittenDelta -= frozenUnwritten;
    }

    void setUnwrittenInTree(long blocks) {
        unwrittenTree = blocks;
    }
}
