package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.node.NodeReader;

/**
 * Visits what is below a map's root, for the check. Reports damaged nodes and goes on behind them. A walk can stop where its
 * visitor has enough, and another one goes on there, perhaps in a newer state of the map. Used by one thread.
 */
public final class MapWalk {
    /** What a walk returns that has come to the end. */
    public static final long END = Long.MAX_VALUE;

    private final NodeReader reader;
    private final Visitor visitor;
    private long from;
    private long next = END;

    /** Learns what the walk finds: a node before its content, blocks in ascending order. */
    public interface Visitor {
        /**
         * Returns whether to read the node and everything below it; false for a node that another entry has led to.
         *
         * @param again an earlier walk has stopped within the node, and has visited it
         */
        boolean node(BlockPointer pointer, boolean again);

        void data(long fileBlock, Mapping mapping) throws HoldfastException;

        void unwritten(long fileBlock, long count);

        /** Nobody knows what the blocks have. */
        void lost(long fileBlock, long count);

        void problem(long block, HoldfastException why);

        /** Returns whether the walk is to stop. Asked behind each node. */
        boolean isFull();
    }

    public MapWalk(NodeReader reader, Visitor visitor) {
        this.reader = reader;
        this.visitor = visitor;
    }

    /**
     * Visits a map from a block of the file on.
     *
     * @return the block of the file where to go on; {@link #END} at the end
     */
    public long walk(MapRoot root, long fromBlock) throws HoldfastException {
        from = fromBlock;
        next = END;
        walk(root.word(), root.checksum(), root.levels(), 0);
        return next;
    }

    /** Visits a subtree that was cut off its map, from a block of the subtree on. */
    public long walk(BlockPointer root, int level, long fromBlock) throws HoldfastException {
        from = fromBlock;
        next = END;
        walk(MapEntry.word(MapEntry.NODE, root.block()), root.checksum(), level, 0);
        return next;
    }

    private void walk(long word, long checksum, int level, long firstBlock) throws HoldfastException {
        long end = firstBlock + (1L << MapEntry.spanLog2(level));
        if (end <= from) {
            return;
        }
        long first = Math.max(firstBlock, from);
        switch (MapEntry.state(word)) {
            case MapEntry.UNWRITTEN -> visitor.unwritten(first, end - first);
            case MapEntry.LOST -> visitor.lost(first, end - first);
            case MapEntry.WRITTEN, MapEntry.WRITTEN_NO_CHECKSUM ->
                visitor.data(firstBlock, new Mapping(word, checksum, 0));
            case MapEntry.NODE -> walkNode(word, checksum, level, firstBlock, end);
            default -> {}
        }
    }

    private void walkNode(long word, long checksum, int level, long firstBlock, long end) throws HoldfastException {
        BlockPointer pointer = new BlockPointer(MapEntry.block(word), checksum);
        if (!visitor.node(pointer, firstBlock < from)) {
            return;
        }
        byte[] node;
        try {
            node = MapTree.read(reader, word, checksum, level);
        } catch (HoldfastException e) {
            visitor.problem(pointer.block(), e);
            return;
        }
        for (int slot = 0; slot < MapEntry.FANOUT && next == END; slot++) {
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
        if (next == END && visitor.isFull()) {
            next = end;
        }
    }
}
