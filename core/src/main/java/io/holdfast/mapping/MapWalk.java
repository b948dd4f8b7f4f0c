package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.node.NodeReader;

/** Visits everything below a map's root, for the check. Reports damaged nodes and goes on behind them. */
public final class MapWalk {
    private final NodeReader reader;
    private final Visitor visitor;

    /** Learns what the walk finds: a node before its content, blocks in ascending order. */
    public interface Visitor {
        /** Returns whether to read the node and everything below it; false for a node that another entry has led to. */
        boolean node(BlockPointer pointer);

        void data(long fileBlock, Mapping mapping) throws HoldfastException;

        void unwritten(long fileBlock, long count);

        /** Nobody knows what the blocks have. */
        void lost(long fileBlock, long count);

        void problem(long block, HoldfastException why);
    }

    public MapWalk(NodeReader reader, Visitor visitor) {
        this.reader = reader;
        this.visitor = visitor;
    }

    public void walk(MapRoot root) throws HoldfastException {
        walk(root.word(), root.checksum(), root.levels(), 0);
    }

    /** Visits a subtree that was cut off its map. */
    public void walk(BlockPointer root, int level) throws HoldfastException {
        walk(MapEntry.word(MapEntry.NODE, root.block()), root.checksum(), level, 0);
    }

    private void walk(long word, long checksum, int level, long firstBlock) throws HoldfastException {
        switch (MapEntry.state(word)) {
            case MapEntry.UNWRITTEN -> visitor.unwritten(firstBlock, 1L << MapEntry.spanLog2(level));
            case MapEntry.LOST -> visitor.lost(firstBlock, 1L << MapEntry.spanLog2(level));
            case MapEntry.WRITTEN, MapEntry.WRITTEN_NO_CHECKSUM ->
                visitor.data(firstBlock, new Mapping(word, checksum, 0));
            case MapEntry.NODE -> walkNode(word, checksum, level, firstBlock);
            default -> {}
        }
    }

    private void walkNode(long word, long checksum, int level, long firstBlock) throws HoldfastException {
        BlockPointer pointer = new BlockPointer(MapEntry.block(word), checksum);
        if (!visitor.node(pointer)) {
            return;
        }
        byte[] node;
        try {
            node = MapTree.read(reader, word, checksum, level);
        } catch (HoldfastException e) {
            visitor.problem(pointer.block(), e);
            return;
        }
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            long child = MapEntry.wordAt(node, slot);
            try {
                MapTree.checkEntry(child, level - 1, slot);
            } catch (HoldfastException e) {
                visitor.problem(pointer.block(), e);
                continue;
            }
            long childFirst = firstBlock + ((long) slot << MapEntry.spanLog2(level - 1));
            walk(child, MapEntry.checksumAt(node, slot), level - 1, childFirst);
        }
    }
}
