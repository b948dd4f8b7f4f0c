package io.holdfast.node;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.DeviceReads;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.store.BlockStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Brings nodes into the cache before a checkpoint comes to them: in the order of the device, nodes side by side with one
 * read, several reads at a time. A checkpoint of changes at random places finds each node somewhere else, and one read after
 * the other would keep it, and the writers who wait for it, for minutes.
 *
 * <p>A node that cannot be read, or does not match its pointer, is left out: the checkpoint reads it again and learns why.
 * Takes 512 KiB of memory while it is open and has read something. Used by one thread.
 */
public final class SiblingsAhead implements AutoCloseable {
    /** Nodes that are read for one call: the children of one node of a map. */
    private static final int NODES_MAX = 256;
    /** Reads under way at a time; with more, the reads of others wait longer. */
    private static final int READS_MAX = 8;

    private static final int BLOCKS_PER_READ = 16;
    /** Reading so many blocks more costs less than another read. */
    private static final int GAP_MAX = 8;

    private static final System.Logger LOG = System.getLogger(SiblingsAhead.class.getName());

    private final BlockStore store;
    private final Checksum checksum;
    private final NodeCache cache;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    /** Reads that have ended, and that nobody has looked at. Under the lock. */
    private final ArrayDeque<Read> done = new ArrayDeque<>();

    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
    private @Nullable Arena arena;
    private @Nullable DeviceReads queue;
    private boolean hasFailed;

    /** One read of nodes that lie side by side. */
    private final class Read {
        final List<BlockPointer> nodes;
        final MemorySegment memory;
        private final MemorySegment target;
        private boolean whole;

        Read(List<BlockPointer> nodes, MemorySegment memory) {
            this.nodes = nodes;
            this.memory = memory;
            long blocks = nodes.getLast().block() + 1 - nodes.getFirst().block();
            this.target = memory.asSlice(0, blocks * Block.SIZE);
        }

        /** Begins to read, or reads at once where there is no queue. */
        void begin() {
            long first = nodes.getFirst().block();
            Inject.at(Point.NODE_POINTED_TO);
            if (queue == null || !queue.start(first, target, this::ended)) {
                ended(store.readAhead(BlockStore.Kind.NODE, first, target));
            }
        }

        private void ended(boolean all) {
            lock.lock();
            try {
                whole = all;
                done.add(this);
                ended.signal();
            } finally {
                lock.unlock();
            }
        }

        /** Puts the nodes that match into the cache. */
        void keep() {
            if (!whole) {
                return;
            }
            for (BlockPointer node : nodes) {
                long offset = (node.block() - nodes.getFirst().block()) * Block.SIZE;
                if (checksum.of(memory, offset, Block.SIZE) == node.checksum()) {
                    cache.put(node, memory, offset);
                }
            }
        }
    }

    public SiblingsAhead(BlockStore store, Checksum checksum, NodeCache cache) {
        this.store = store;
        this.checksum = checksum;
        this.cache = cache;
    }

    /**
     * Reads a node, and those that will be read after it, as far as they are not in the cache and it has room for them.
     *
     * @param following the nodes that will be read next; null stands for one that will not
     */
    public void read(BlockPointer node, NodeReader.Following following) {
        List<List<BlockPointer>> runs = runs(missing(node, following));
        boolean isAlone = runs.size() == 1 && runs.getFirst().size() == 1;
        if (runs.isEmpty() || isAlone || !open()) {
            return;
        }
        int begun = 0;
        int kept = 0;
        while (kept < runs.size()) {
            while (begun < runs.size() && !free.isEmpty()) {
                new Read(runs.get(begun++), free.pop()).begin();
            }
            Read read = await();
            read.keep();
            free.push(read.memory);
            kept++;
        }
    }

    private List<BlockPointer> missing(BlockPointer node, NodeReader.Following following) {
        long most = Math.min(NODES_MAX, cache.nodesMax() / 4);
        List<BlockPointer> missing = new ArrayList<>();
        missing.add(node);
        for (int k = 1; k < NODES_MAX && missing.size() < most; k++) {
            BlockPointer next = following.at(k);
            if (next != null && !cache.has(next)) {
                missing.add(next);
            }
        }
        missing.removeIf(wanted -> wanted.block() <= 0 || wanted.block() >= store.blocks());
        missing.sort(Comparator.comparingLong(BlockPointer::block));
        return missing;
    }

    private static List<List<BlockPointer>> runs(List<BlockPointer> sorted) {
        List<List<BlockPointer>> runs = new ArrayList<>();
        for (int from = 0; from < sorted.size(); ) {
            long first = sorted.get(from).block();
            int to = from + 1;
            while (to < sorted.size()
                    && sorted.get(to).block() - sorted.get(to - 1).block() <= GAP_MAX
                    && sorted.get(to).block() - first < BLOCKS_PER_READ) {
                to++;
            }
            runs.add(sorted.subList(from, to));
            from = to;
        }
        return runs;
    }

    /** Takes memory and a queue of the device; returns false if there is no memory. */
    private boolean open() {
        if (arena != null || hasFailed) {
            return !hasFailed;
        }
        Arena opened = Arena.ofShared();
        try {
            if (Inject.fails(Point.ALLOCATE_NODE_MEMORY)) {
                throw new OutOfMemoryError("no memory to read ahead");
            }
            MemorySegment memory = opened.allocate((long) READS_MAX * BLOCKS_PER_READ * Block.SIZE, Block.SIZE);
            for (int i = 0; i < READS_MAX; i++) {
                long bytes = (long) BLOCKS_PER_READ * Block.SIZE;
                free.push(memory.asSlice(i * bytes, bytes));
            }
            queue = store.openReads("holdfast-nodes", () -> {});
            arena = opened;
        } catch (OutOfMemoryError e) {
            LOG.log(System.Logger.Level.WARNING, "no memory to read nodes ahead; this checkpoint takes longer", e);
            hasFailed = true;
            opened.close();
        }
        return !hasFailed;
    }

    private Read await() {
        lock.lock();
        try {
            while (done.isEmpty()) {
                ended.awaitUninterruptibly();
            }
            return done.remove();
        } finally {
            lock.unlock();
        }
    }

    /** Frees the memory. */
    @Override
    public void close() {
        if (queue != null) {
            queue.close();
            queue = null;
        }
        if (arena != null) {
            arena.close();
            arena = null;
            free.clear();
        }
    }
}
