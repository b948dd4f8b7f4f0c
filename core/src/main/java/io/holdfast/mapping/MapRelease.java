package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;

/**
 * Drops the blocks that entries of a map pointed to: a leaf's blocks at once. It hands the subtree below an inner node
 * on as a whole, for later calls to drop. So one call has bounded work, however large the subtree. Used by one thread.
 */
public final class MapRelease {
    private final MapChanges changes;
    private final MapChanges.CutOff cutOff;
    private long dataBlocks;
    private long unwrittenBlocks;
    private long nodes;

    /** @param cutOff takes subtrees with inner nodes */
    public MapRelease(MapChanges changes, MapChanges.CutOff cutOff) {
        this.changes = changes;
        this.cutOff = cutOff;
    }

    /** Returns how many data blocks were dropped. */
    public long dataBlocks() {
        return dataBlocks;
    }

    /** Returns how many unwritten blocks were dropped. */
    public long unwrittenBlocks() {
        return unwrittenBlocks;
    }

    /** Returns how many nodes were read. */
    public long nodes() {
        return nodes;
    }

    /** Drops one entry's block, or its leaf with all blocks; or cuts its subtree off. */
    void entry(long word, long checksum, int level) throws HoldfastException {
        switch (MapEntry.state(word)) {
            case MapEntry.UNWRITTEN -> {
                long blocks = 1L << MapEntry.spanLog2(level);
                changes.unwrittenChanged(-blocks);
                unwrittenBlocks += blocks;
            }
            case MapEntry.WRITTEN, MapEntry.WRITTEN_NO_CHECKSUM -> {
                changes.drop(MapEntry.block(word));
                dataBlocks++;
            }
            case MapEntry.NODE -> {
                BlockPointer pointer = new BlockPointer(MapEntry.block(word), checksum);
                if (level == 1) {
                    node(pointer, level);
                } else {
                    cutOff.subtree(pointer, level);
                }
            }
            default -> {}
        }
    }

    /**
     * Drops one node of a cut-off subtree: a leaf with its blocks, while an inner node's children are cut off in turn.
     * A node that cannot be read is reported, and the blocks below stay allocated: better lost than freed on hearsay.
     */
    public void node(BlockPointer pointer, int level) throws HoldfastException {
        byte[] node;
        nodes++;
        try {
            node = changes.read(pointer, MapTree.STRUCTURE);
            for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
                MapTree.checkEntry(MapEntry.wordAt(node, slot), level - 1, slot);
            }
        } catch (HoldfastException e) {
            changes.leaked(pointer, e);
            return;
        }
        if (!changes.drop(pointer.block())) {
            return; // Another parent points to it, and so to the blocks below.
        }
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            entry(MapEntry.wordAt(node, slot), MapEntry.checksumAt(node, slot), level - 1);
        }
    }
}
