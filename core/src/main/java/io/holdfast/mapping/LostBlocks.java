package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.MapEntry;
import io.holdfast.mapping.MapItems.LostNode;
import io.holdfast.node.NodeReader;

/** Looks whether a map still has lost blocks where a node was lost. Reads a bounded number of nodes in all. Used by one thread. */
public final class LostBlocks {
    private final NodeReader reader;
    private int nodesLeft;

    /** @param nodesMax how many nodes may be read */
    public LostBlocks(NodeReader reader, int nodesMax) {
        this.reader = reader;
        this.nodesLeft = nodesMax;
    }

    /**
     * Returns false if nothing is lost any more below the place of a node; true also if that takes too long to find out.
     *
     * @param blocks of the file: what is behind its end does not count
     */
    public boolean remain(MapRoot root, LostNode lost, long blocks) {
        long end = Math.min(blocks, lost.firstBlock() + (1L << MapEntry.spanLog2(lost.level())));
        try {
            return remain(root.word(), root.checksum(), root.levels(), 0, lost.firstBlock(), end);
        } catch (HoldfastException unreadable) {
            return true;
        }
    }

    private boolean remain(long word, long checksum, int level, long first, long from, long end)
            throws HoldfastException {
        if (first >= end || first + (1L << MapEntry.spanLog2(level)) <= from) {
            return false;
        }
        if (MapEntry.state(word) != MapEntry.NODE) {
            return MapEntry.state(word) == MapEntry.LOST;
        }
        if (nodesLeft-- <= 0) {
            return true;
        }
        byte[] node = MapTree.read(reader, word, checksum, level);
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            long child = MapEntry.wordAt(node, slot);
            MapTree.checkEntry(child, level - 1, slot);
            long childFirst = first + ((long) slot << MapEntry.spanLog2(level - 1));
            if (remain(child, MapEntry.checksumAt(node, slot), level - 1, childFirst, from, end)) {
                return true;
            }
        }
        return false;
    }
}
