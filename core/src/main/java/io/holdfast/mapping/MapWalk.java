package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.node.NodeReader;
import java.util.ArrayList;
import java.util.List;

/**
 * Visits what is below a map's root, for the check. Reports damaged nodes and goes on behind them. A walk can stop where its
 * visitor has enough, and another one goes on there, perhaps in a newer state of the map. Used by one thread.
 */
public final class MapWalk {
    /** What a walk returns that has come to the end. */
    public static final long END = Long.MAX_VALUE;

    /** Nodes of one parent that are told about together. */
    private static final int AHEAD_MAX = MapEntry.FANOUT;

    private static final int AHEAD_MIN = 4;

    private final NodeReader reader;
    private final Ahead ahead;
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

        /** Returns about how many blocks the walk may visit before it is to stop. */
        default long room() {
            return Long.MAX_VALUE;
        }
    }

    /** Learns which nodes the walk comes to next, in this order, unless it stops before. */
    public interface Ahead {
        void willRead(List<BlockPointer> nodes);
    }

    public MapWalk(NodeReader reader, Visitor visitor) {
        this(reader, nodes -> {}, visitor);
    }

    /** @param ahead may bring the nodes to where {@code reader} finds them */
    public MapWalk(NodeReader reader, Ahead ahead, Visitor visitor) {
        this.reader = reader;
        this.ahead = ahead;
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

    /** Tells which children the walk comes to next; returns the first slot that it has told nothing about. */
    private int tell(byte[] node, int fromSlot, int childLevel, long firstBlock) {
        int spanLog2 = MapEntry.spanLog2(childLevel);
        // Twice as many as fit if all are full: leaves of disks that were written at random have holes.
        int most = Math.clamp(visitor.room() >>> (spanLog2 - 1), AHEAD_MIN, AHEAD_MAX);
        List<BlockPointer> nodes = new ArrayList<>();
        int slot = fromSlot;
        for (; slot < MapEntry.FANOUT && nodes.size() < most; slot++) {
            long word = MapEntry.wordAt(node, slot);
            boolean isBefore = firstBlock + ((slot + 1L) << spanLog2) <= from;
            if (MapEntry.state(word) == MapEntry.NODE && !isBefore) {
                nodes.add(new BlockPointer(MapEntry.block(word), MapEntry.checksumAt(node, slot)));
            }
        }
        ahead.willRead(nodes);
        return slot;
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
        int told = level == 1 ? MapEntry.FANOUT : 0;
        for (int slot = 0; slot < MapEntry.FANOUT && next == END; slot++) {
            if (slot >= told) {
                told = tell(node, slot, level - 1, firstBlock);
            }
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
