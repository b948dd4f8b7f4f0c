package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.node.NodeReader;

/**
 * Makes holes of the lost blocks behind the end of a file. A file has no data there, so nothing is lost by that but a promise of space. All else behind the end stays as it is.
 * Used once, by one thread.
 */
public final class LostBehindEnd {
    private static final Child HOLE = new Child(0, 0);

    private final MapChanges changes;
    /** Blocks of the file. */
    private final long end;

    /** A parent's entry for a child. */
    private record Child(long word, long checksum) {}

    private LostBehindEnd(MapChanges changes, long end) {
        this.changes = changes;
        this.end = end;
    }

    /**
     * Returns the root of the map without them.
     *
     * @param end the first block behind the end of the file
     * @throws HoldfastException if a node on the way cannot be read; then nothing is to be made of what was written so far
     */
    public static MapRoot apply(MapChanges changes, MapRoot root, long end) throws HoldfastException {
        Child top = new Child(root.word(), root.checksum());
        Child now = new LostBehindEnd(changes, end).entry(top, root.levels(), 0);
        return now.equals(top)
                ? root
                : new MapRoot(
                        now.word(),
                        now.checksum(),
                        root.dataBlocks(),
                        root.unwrittenBlocks(),
                        root.levels(),
                        root.since());
    }

    /**
     * Returns what an entry becomes.
     *
     * @param level of the node that it points to; 0 for blocks
     * @param first block of the file, below the entry
     */
    private Child entry(Child before, int level, long first) throws HoldfastException {
        if (first + (1L << MapEntry.spanLog2(level)) <= end) {
            return before;
        }
        int state = MapEntry.state(before.word());
        if (state == MapEntry.LOST && first >= end) {
            return HOLE;
        }
        return state == MapEntry.LOST || state == MapEntry.NODE ? node(before, level, first) : before;
    }

    private Child node(Child before, int level, long first) throws HoldfastException {
        byte[] node = new byte[Block.SIZE];
        BlockPointer pointer = new BlockPointer(MapEntry.block(before.word()), before.checksum());
        boolean wasNode = MapEntry.state(before.word()) == MapEntry.NODE;
        if (wasNode) {
            changes.copy(pointer, MapTree.STRUCTURE, NodeReader.Following.NONE, 0, node, node.length);
        }
        boolean changed = false;
        boolean isHole = true;
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            Child child = wasNode
                    ? new Child(MapEntry.wordAt(node, slot), MapEntry.checksumAt(node, slot))
                    : new Child(before.word(), 0);
            MapTree.checkEntry(child.word(), level - 1, slot);
            Child now = entry(child, level - 1, first + ((long) slot << MapEntry.spanLog2(level - 1)));
            changed |= !now.equals(child);
            isHole &= now.equals(HOLE);
            MapEntry.put(node, slot, now.word(), now.checksum());
        }
        if (!changed) {
            return before;
        }
        Child now = HOLE;
        if (!isHole) {
            BlockPointer written = changes.write(node);
            now = new Child(MapEntry.word(MapEntry.NODE, written.block()), written.checksum());
        }
        if (wasNode) {
            changes.dropRewritten(pointer);
        }
        return now;
    }
}
