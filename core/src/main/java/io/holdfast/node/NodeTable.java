package io.holdfast.node;

import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Nodes by block, in memory outside the heap, which the garbage collector neither copies nor marks. Callers get copies
 * of parts of a node, so none holds memory that another node may get. Eviction is Corbató's CLOCK: a node goes if
 * nobody has asked for it since the hand last passed.
 *
 * <p>Invariants: frames {@code 0 .. size-1} hold a node each, and each of them is in the chain of its block; no two of
 * them hold the same block.
 */
final class NodeTable {
    /** Nodes in one allocation of memory. */
    private static final int SLAB_NODES = 64;

    private static final int NONE = -1;

    private final Arena arena;
    private final int max;
    private final ReentrantLock lock = new ReentrantLock();
    /** First frame of each chain, plus one. */
    private final int[] heads;
    /** Next frame of the chain, plus one. */
    private final int[] next;

    private final long[] blocks;
    private final long[] checksums;
    private final boolean[] asked;
    private final @Nullable MemorySegment[] slabs;
    private int size;
    private int hand;

    /** @param max most nodes, at least one */
    NodeTable(Arena arena, int max) {
        this.arena = arena;
        this.max = max;
        heads = new int[Integer.highestOneBit(max) * 2];
        next = new int[max];
        blocks = new long[max];
        checksums = new long[max];
        asked = new boolean[max];
        slabs = new MemorySegment[(max + SLAB_NODES - 1) / SLAB_NODES];
    }

    /** Returns how many nodes are here. */
    int size() {
        lock.lock();
        try {
            return size;
        } finally {
            lock.unlock();
        }
    }

    /** Copies a part of a node to the beginning of {@code into}; returns false if it is not here. */
    boolean get(BlockPointer pointer, int from, byte[] into, int length) {
        lock.lock();
        try {
            int frame = find(pointer.block());
            if (frame == NONE || checksums[frame] != pointer.checksum()) {
                return false;
            }
            asked[frame] = true;
            MemorySegment.copy(slab(frame), ValueLayout.JAVA_BYTE, offset(frame) + from, into, 0, length);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Keeps a copy of a node, unless memory has room for not even one. */
    void put(BlockPointer pointer, MemorySegment source, long sourceOffset) {
        lock.lock();
        try {
            int frame = find(pointer.block());
            if (frame == NONE) {
                frame = take();
                if (frame == NONE) {
                    return;
                }
                blocks[frame] = pointer.block();
                int bucket = bucket(pointer.block());
                next[frame] = heads[bucket];
                heads[bucket] = frame + 1;
            }
            checksums[frame] = pointer.checksum();
            asked[frame] = false;
            MemorySegment.copy(source, sourceOffset, slab(frame), offset(frame), Block.SIZE);
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether many more nodes fit without evicting others. */
    boolean hasRoom() {
        lock.lock();
        try {
            return size < max * 3L / 4;
        } finally {
            lock.unlock();
        }
    }

    private int bucket(long block) {
        // The low bits choose the table; the multiplication spreads the others.
        return (int) ((block * 0x9E3779B97F4A7C15L) >>> 32) & (heads.length - 1);
    }

    private int find(long block) {
        int frame = heads[bucket(block)] - 1;
        while (frame >= 0 && blocks[frame] != block) {
            frame = next[frame] - 1;
        }
        return frame;
    }

    /** Returns a frame that is in no chain, or NONE. */
    private int take() {
        if (size < max && (size % SLAB_NODES != 0 || makeSlab())) {
            return size++;
        }
        return size == 0 ? NONE : evict();
    }

    private boolean makeSlab() {
        long bytes = Math.min(SLAB_NODES, max - size) * (long) Block.SIZE;
        try {
            if (Inject.fails(Point.ALLOCATE_NODE_MEMORY)) {
                throw new OutOfMemoryError("no memory for nodes");
            }
            slabs[size / SLAB_NODES] = arena.allocate(bytes, Block.SIZE);
            return true;
        } catch (OutOfMemoryError e) {
            return false; // the table stays smaller
        }
    }

    private int evict() {
        while (asked[hand]) {
            asked[hand] = false;
            hand = (hand + 1) % size;
        }
        int frame = hand;
        hand = (hand + 1) % size;
        unlink(frame);
        return frame;
    }

    private void unlink(int frame) {
        int bucket = bucket(blocks[frame]);
        int at = heads[bucket] - 1;
        if (at == frame) {
            heads[bucket] = next[frame];
            return;
        }
        while (next[at] - 1 != frame) {
            at = next[at] - 1;
        }
        next[at] = next[frame];
    }

    private MemorySegment slab(int frame) {
        MemorySegment slab = slabs[frame / SLAB_NODES];
        if (slab == null) {
            throw new IllegalStateException("a frame without memory");
        }
        return slab;
    }

    private static long offset(int frame) {
        return frame % SLAB_NODES * (long) Block.SIZE;
    }
}
