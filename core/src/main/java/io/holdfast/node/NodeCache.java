package io.holdfast.node;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads metadata blocks, verifies them, and keeps some, outside the heap.
 *
 * <p>Invariant: a node cached under a block and a checksum has that checksum. A block that was freed and written again
 * has another checksum and misses, so nothing needs to be invalidated. The number of nodes is bounded; each part of the
 * cache has its own lock and its own eviction.
 */
public final class NodeCache implements PartReader, AutoCloseable {
    private static final int PARTS = 16;
    private static final byte[] NOTHING = {};

    private final BlockStore store;
    private final Checksum checksum;
    private final BufferPool buffers;
    private final int nodesMax;
    private final Arena arena = Arena.ofShared();
    private final NodeTable[] parts = new NodeTable[PARTS];
    private final NodeReader inMemory = new InMemory();

    /**
     * @param memory bytes to keep at most
     * @param buffers for reading, up to one buffer at a time
     */
    public NodeCache(BlockStore store, Checksum checksum, BufferPool buffers, long memory) {
        this.store = store;
        this.checksum = checksum;
        this.buffers = buffers;
        int nodesPerPart = Math.clamp(memory / Block.SIZE / PARTS, 1, 1 << 26);
        nodesMax = nodesPerPart * PARTS;
        for (int i = 0; i < PARTS; i++) {
            parts[i] = new NodeTable(arena, nodesPerPart);
        }
    }

    @Override
    public void copy(BlockPointer pointer, String structure, Following following, int from, byte[] into, int length)
            throws HoldfastException {
        if (peek(pointer, from, into, length)) {
            return;
        }
        List<BlockPointer> run = run(pointer, following);
        if (run.size() > 1) {
            readAhead(run);
            if (peek(pointer, from, into, length)) {
                return;
            }
        }
        MemorySegment memory = buffers.takeMemory();
        try {
            readVerified(pointer, structure, memory);
            partOf(pointer.block()).put(pointer, memory, 0);
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, from, into, 0, length);
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    @Override
    public boolean peek(BlockPointer pointer, int from, byte[] into, int length) {
        return partOf(pointer.block()).get(pointer, from, into, length);
    }

    /** Returns what to read at once: this block, and those that lie right behind it on the device. */
    private List<BlockPointer> run(BlockPointer first, Following following) {
        int most = Math.min(buffers.blocksPerBuffer(), partOf(first.block()).hasRoom() ? nodesMax / 4 : 1);
        List<BlockPointer> run = new ArrayList<>();
        run.add(first);
        if (first.block() <= 0) {
            return run;
        }
        for (int k = 1; k < most && first.block() + k < store.blocks(); k++) {
            BlockPointer next = following.at(k);
            if (next == null || next.block() != first.block() + k) {
                break;
            }
            run.add(next);
        }
        return run;
    }

    /** Brings those blocks into memory that can be read and match. A later read of a bad one reports its error. */
    private void readAhead(List<BlockPointer> run) {
        long first = run.getFirst().block();
        long blocks = run.getLast().block() + 1 - first;
        MemorySegment memory = buffers.takeMemory();
        Inject.at(Point.NODE_POINTED_TO);
        try {
            if (!store.readAhead(BlockStore.Kind.NODE, first, memory.asSlice(0, blocks * Block.SIZE))) {
                return;
            }
            // The wanted node comes last, so that the others do not evict it.
            for (BlockPointer pointer : run.reversed()) {
                long offset = (pointer.block() - first) * Block.SIZE;
                if (checksum.of(memory, offset, Block.SIZE) == pointer.checksum()) {
                    partOf(pointer.block()).put(pointer, memory, offset);
                }
            }
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    @Override
    public NodeReader inMemory() {
        return inMemory;
    }

    private final class InMemory implements PartReader {
        @Override
        public void copy(BlockPointer pointer, String structure, Following following, int from, byte[] into, int length)
                throws HoldfastException {
            if (!peek(pointer, from, into, length)) {
                throw new WouldBlockException(structure + " is not in memory");
            }
        }

        @Override
        public boolean peek(BlockPointer pointer, int from, byte[] into, int length) {
            return NodeCache.this.peek(pointer, from, into, length);
        }
    }

    /** Reads and verifies a node without caching it, for a walk over everything. */
    public byte[] readUncached(BlockPointer pointer, String structure) throws HoldfastException {
        MemorySegment memory = buffers.takeMemory();
        try {
            readVerified(pointer, structure, memory);
            byte[] node = new byte[Block.SIZE];
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, node, 0, node.length);
            return node;
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    /** Reads a node into the beginning of private memory. */
    private void readVerified(BlockPointer pointer, String structure, MemorySegment memory) throws HoldfastException {
        if (pointer.block() <= 0 || pointer.block() >= store.blocks()) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "%s: %s in block %d: the volume has %d blocks"
                            .formatted(store.name(), structure, pointer.block(), store.blocks()));
        }
        Inject.at(Point.NODE_POINTED_TO);
        Answer answer = store.read(
                BlockStore.Kind.NODE,
                pointer.block(),
                memory.asSlice(0, Block.SIZE),
                (index, read, offset) -> checksum.of(read, offset, Block.SIZE) == pointer.checksum());
        HoldfastException error = answer.error(0);
        if (error != null) {
            throw error;
        }
        if (!answer.isGood()) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "%s: %s in block %d is damaged: its checksum does not match"
                            .formatted(store.name(), structure, pointer.block()));
        }
    }

    /** Returns whether a node is in memory, and keeps it there for a while. */
    boolean has(BlockPointer pointer) {
        return peek(pointer, 0, NOTHING, 0);
    }

    /** Keeps a node that was read and matches its pointer. */
    void put(BlockPointer pointer, MemorySegment source, long offset) {
        partOf(pointer.block()).put(pointer, source, offset);
    }

    /** Keeps a node that was just written. */
    public void put(BlockPointer pointer, byte[] node) {
        partOf(pointer.block()).put(pointer, MemorySegment.ofArray(node), 0);
    }

    private NodeTable partOf(long block) {
        return parts[(int) (block & (PARTS - 1))];
    }

    /** Returns how many nodes are here. */
    public long nodes() {
        long nodes = 0;
        for (NodeTable part : parts) {
            nodes += part.size();
        }
        return nodes;
    }

    /** Returns how many nodes may be here. */
    public long nodesMax() {
        return nodesMax;
    }

    /** Frees the memory. To be called at rest; any use after that throws. */
    @Override
    public void close() {
        arena.close();
    }
}
