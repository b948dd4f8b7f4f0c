package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.mapping.MapItems.LostNode;
import io.holdfast.node.NodeReader;

/**
 * Puts a node back into its map that was lost and can be read again: what the map still has as lost becomes what the node says.
 * What was written meanwhile stays, and what the node had there is dropped. Used once, by one thread.
 *
 * <p>Invariant: the node, its place and the path to it are read before anything is written or dropped. So if this throws while {@link
 * #hasBegun} is false, nothing was changed. A node further below that cannot be read is kept as a lost node of its own.
 */
public final class LostMerge {
    private final MapChanges changes;
    private final MapChanges.CutOff cutOff;
    private final MapRelease release;
    private final Kept kept;
    private final LostNode lost;
    private boolean begun;

    /** Takes nodes below the lost one that cannot be merged. They stay lost. */
    public interface Kept {
        void keep(LostNode node);
    }

    /** @param cutOff takes subtrees in whose place the map has something else */
    public LostMerge(MapChanges changes, LostNode lost, MapChanges.CutOff cutOff, Kept kept) {
        this.kept = kept;
        this.changes = changes;
        this.lost = lost;
        this.cutOff = cutOff;
        this.release = new MapRelease(changes, cutOff);
    }

    /** A parent's entry for a child. */
    private record Child(long word, long checksum) {}

    /** Returns whether something was written or dropped. */
    public boolean hasBegun() {
        return begun;
    }

    /** Reads the node; throws if it still cannot be read. */
    public void read() throws HoldfastException {
        read(lost.node(), lost.level(), new byte[Block.SIZE]);
    }

    private void read(BlockPointer pointer, int level, byte[] into) throws HoldfastException {
        changes.copy(pointer, MapTree.STRUCTURE, NodeReader.Following.NONE, 0, into, into.length);
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            MapTree.checkEntry(MapEntry.wordAt(into, slot), level - 1, slot);
        }
    }

    /** Merges the node into the map, after {@link #read}, and returns the new root. The node's item is to go. */
    public MapRoot apply(MapRoot root) throws HoldfastException {
        if (lost.level() > root.levels() || lost.firstBlock() >= root.span()) {
            cutOff();
            return root;
        }
        Child top = descend(new Child(root.word(), root.checksum()), root.levels());
        return new MapRoot(
                top.word(),
                top.checksum(),
                Math.max(0, root.dataBlocks() - release.dataBlocks()),
                Math.max(0, root.unwrittenBlocks() - release.unwrittenBlocks()),
                root.levels(),
                root.since());
    }

    /** Gives the node up with all below it: the map has something else in its place, or there is no map any more. */
    public void cutOff() throws HoldfastException {
        begun = true;
        cutOff.subtree(lost.node(), lost.level());
    }

    /** Merges into the part of the map below one entry, on the path to the place of the lost node. */
    private Child descend(Child child, int level) throws HoldfastException {
        int state = MapEntry.state(child.word());
        if (state != MapEntry.LOST && state != MapEntry.NODE) {
            cutOff();
            return child;
        }
        byte[] node = new byte[Block.SIZE];
        if (state == MapEntry.NODE) {
            read(pointer(child), level, node);
        } else {
            fill(node, child);
        }
        if (level == lost.level()) {
            begun = true;
            Child back = new Child(
                    MapEntry.word(MapEntry.NODE, lost.node().block()),
                    lost.node().checksum());
            return merge(child, back, level, lost.firstBlock());
        }
        int slot = MapTree.slot(lost.firstBlock(), level);
        Child below = entry(node, slot);
        Child merged = descend(below, level - 1);
        if (merged.equals(below)) {
            return child;
        }
        MapEntry.put(node, slot, merged.word(), merged.checksum());
        return write(node, child);
    }

    /**
     * Merges one entry of the map with what was there before.
     *
     * @param level of the nodes that the entries point to; 0 for blocks
     * @param first block of the file, below the entries
     */
    private Child merge(Child now, Child before, int level, long first) throws HoldfastException {
        int state = MapEntry.state(now.word());
        if (state == MapEntry.LOST) {
            return before;
        }
        if (state != MapEntry.NODE) {
            release.entry(before.word(), before.checksum(), level);
            return now;
        }
        boolean wasNode = MapEntry.state(before.word()) == MapEntry.NODE;
        byte[] node = new byte[Block.SIZE];
        byte[] old = new byte[Block.SIZE];
        try {
            read(pointer(now), level, node);
            if (wasNode) {
                read(pointer(before), level, old);
            } else {
                fill(old, before);
            }
        } catch (HoldfastException e) {
            if (wasNode) {
                kept.keep(new LostNode(lost.inode(), pointer(before), level, first, lost.generation()));
            }
            return now;
        }
        boolean changed = false;
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            Child entry = entry(node, slot);
            long below = first + ((long) slot << MapEntry.spanLog2(level - 1));
            Child merged = merge(entry, entry(old, slot), level - 1, below);
            if (!merged.equals(entry)) {
                MapEntry.put(node, slot, merged.word(), merged.checksum());
                changed = true;
            }
        }
        if (wasNode) {
            changes.drop(MapEntry.block(before.word()));
        }
        return changed ? write(node, now) : now;
    }

    /** Writes a node in place of what an entry said. */
    private Child write(byte[] node, Child before) throws HoldfastException {
        BlockPointer written = changes.write(node);
        if (MapEntry.state(before.word()) == MapEntry.NODE) {
            changes.dropRewritten(pointer(before));
        }
        return new Child(MapEntry.word(MapEntry.NODE, written.block()), written.checksum());
    }

    private static void fill(byte[] node, Child all) {
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            MapEntry.put(node, slot, all.word(), 0);
        }
    }

    private static Child entry(byte[] node, int slot) {
        return new Child(MapEntry.wordAt(node, slot), MapEntry.checksumAt(node, slot));
    }

    private static BlockPointer pointer(Child child) {
        return new BlockPointer(MapEntry.block(child.word()), child.checksum());
    }
}
