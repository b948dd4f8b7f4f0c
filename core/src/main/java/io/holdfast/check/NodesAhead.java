package io.holdfast.check;

import io.holdfast.checksum.Checksum;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.mapping.MapWalk;
import io.holdfast.node.NodeCache;
import io.holdfast.node.NodeReader;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads the nodes of a map before the walk comes to them: many at a time, in the order of the device, nodes side by side with
 * one read. A node that cannot be read, or does not match, is left to the walk, which reads it again and reports it.
 *
 * <p>Keeps 256 nodes for each level of a map on the heap, together at most some 9 MiB. Used by one thread, for one walk.
 */
final class NodesAhead implements NodeReader, MapWalk.Ahead {
    /** Two wanted nodes at most so far apart share one read. */
    private static final int GAP_MAX = 8;

    private static final int AHEAD_MAX = 8 * 256;

    private final BlockStore store;
    private final Checksum checksum;
    private final NodeCache nodes;
    private final CheckReaders readers;
    private final Map<BlockPointer, byte[]> ahead = new ConcurrentHashMap<>();

    NodesAhead(BlockStore store, Checksum checksum, NodeCache nodes, CheckReaders readers) {
        this.store = store;
        this.checksum = checksum;
        this.nodes = nodes;
        this.readers = readers;
    }

    @Override
    public byte[] read(BlockPointer pointer, String structure) throws HoldfastException {
        byte[] node = ahead.remove(pointer);
        return node == null ? nodes.readUncached(pointer, structure) : node;
    }

    @Override
    public void willRead(List<BlockPointer> pointers) {
        if (ahead.size() > AHEAD_MAX) {
            ahead.clear(); // The walk has not come for them: its visitor knew the nodes.
        }
        List<BlockPointer> wanted = new ArrayList<>(pointers);
        wanted.removeIf(pointer -> pointer.block() <= 0 || pointer.block() >= store.blocks());
        wanted.sort(Comparator.comparingLong(BlockPointer::block));
        List<List<BlockPointer>> runs = new ArrayList<>();
        for (int from = 0; from < wanted.size(); ) {
            int to = runEnd(wanted, from);
            runs.add(wanted.subList(from, to));
            from = to;
        }
        readers.read(runs.size(), (index, memory) -> read(runs.get(index), memory));
    }

    private int runEnd(List<BlockPointer> wanted, int from) {
        long first = wanted.get(from).block();
        int to = from + 1;
        while (to < wanted.size()
                && wanted.get(to).block() - wanted.get(to - 1).block() <= GAP_MAX
                && wanted.get(to).block() - first < readers.blocksMax()) {
            to++;
        }
        return to;
    }

    private void read(List<BlockPointer> run, MemorySegment memory) {
        long first = run.getFirst().block();
        long blocks = run.getLast().block() + 1 - first;
        if (!store.readAhead(BlockStore.Kind.NODE, first, memory.asSlice(0, blocks * Block.SIZE))) {
            return;
        }
        for (BlockPointer pointer : run) {
            long offset = (pointer.block() - first) * Block.SIZE;
            if (checksum.of(memory, offset, Block.SIZE) == pointer.checksum()) {
                byte[] node = new byte[Block.SIZE];
                MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, node, 0, node.length);
                ahead.put(pointer, node);
            }
        }
    }
}
