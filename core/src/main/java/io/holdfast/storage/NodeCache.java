package io.holdfast.storage;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads metadata blocks, verifies them, and keeps the ones used last.
 *
 * <p>Invariant: what is cached under a block and a checksum has that checksum. A block that was freed and written again
 * has another one and misses, so nothing needs to be invalidated. Bounded by the number of nodes; split into parts, each
 * with its own lock and its own least-recently-used order.
 */
public final class NodeCache implements NodeReader {
    private static final int PARTS = 16;

    private final Device device;
    private final Checksum checksum;
    private final BufferPool buffers;
    private final int nodesMax;
    private final Part[] parts = new Part[PARTS];

    /**
     * @param memory bytes to keep at most
     * @param buffers for reading, as many blocks at a time as one has
     */
    public NodeCache(Device device, Checksum checksum, BufferPool buffers, long memory) {
        this.device = device;
        this.checksum = checksum;
        this.buffers = buffers;
        int nodesPerPart = (int) Math.max(1, memory / Device.BLOCK_SIZE / PARTS);
        nodesMax = nodesPerPart * PARTS;
        for (int i = 0; i < PARTS; i++) {
            parts[i] = new Part(nodesPerPart);
        }
    }

    @Override
    public byte[] read(BlockPointer pointer, String structure) throws HoldfastException {
        Part part = partOf(pointer.block());
        byte[] cached = part.get(pointer);
        if (cached != null) {
            return cached;
        }
        byte[] node = readUncached(pointer, structure);
        part.put(pointer, node);
        return node;
    }

    @Override
    public byte[] read(BlockPointer pointer, String structure, Following following, boolean certain)
            throws HoldfastException {
        Part part = partOf(pointer.block());
        byte[] cached = part.get(pointer);
        if (cached != null) {
            return cached;
        }
        int most = Math.min(buffers.blocksPerBuffer(), certain || part.hasRoom() ? nodesMax / 4 : 1);
        int run = 1;
        while (run < most) {
            BlockPointer next = following.at(run);
            if (next == null || next.block() != pointer.block() + run) {
                break;
            }
            run++;
        }
        if (run > 1 && pointer.block() > 0 && pointer.block() + run <= device.blocks()) {
            readAhead(pointer, following, run);
        }
        return read(pointer, structure);
    }

    /** Brings what can be had of some blocks into memory. What is wrong with one shows when it is asked for. */
    private void readAhead(BlockPointer first, Following following, int count) {
        MemorySegment memory = buffers.takeMemory();
        Inject.at(Point.NODE_POINTED_TO);
        try {
            device.read(first.block(), memory.asSlice(0, (long) count * Device.BLOCK_SIZE));
            // The one that is wanted comes last, so as not to be driven out.
            for (int i = count - 1; i >= 0; i--) {
                BlockPointer pointer = i == 0 ? first : following.at(i);
                if (pointer != null
                        && checksum.of(memory, (long) i * Device.BLOCK_SIZE, Device.BLOCK_SIZE) == pointer.checksum()) {
                    byte[] node = new byte[Device.BLOCK_SIZE];
                    MemorySegment.copy(
                            memory, ValueLayout.JAVA_BYTE, (long) i * Device.BLOCK_SIZE, node, 0, node.length);
                    put(pointer, node);
                }
            }
        } catch (HoldfastException e) {
            // One bad sector must not hide its neighbours.
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    @Override
    public NodeReader inMemory() {
        return this::readCached;
    }

    private byte[] readCached(BlockPointer pointer, String structure) throws HoldfastException {
        byte[] cached = partOf(pointer.block()).get(pointer);
        if (cached == null) {
            throw new WouldBlockException(structure + " is not in memory");
        }
        return cached;
    }

    /** Reads and verifies without keeping the node, for a walk over everything. */
    public byte[] readUncached(BlockPointer pointer, String structure) throws HoldfastException {
        if (pointer.block() <= 0 || pointer.block() >= device.blocks()) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "%s: %s in block %d: the volume has %d blocks"
                            .formatted(device.name(), structure, pointer.block(), device.blocks()));
        }
        MemorySegment memory = buffers.takeMemory();
        Inject.at(Point.NODE_POINTED_TO);
        try {
            device.read(pointer.block(), memory.asSlice(0, Device.BLOCK_SIZE));
            byte[] node = new byte[Device.BLOCK_SIZE];
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, node, 0, node.length);
            if (checksum.of(node) != pointer.checksum()) {
                throw new HoldfastException(
                        ErrorCode.DAMAGED,
                        "%s: %s in block %d is damaged: its checksum does not match"
                                .formatted(device.name(), structure, pointer.block()));
            }
            return node;
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    /** Keeps a node that was just written. */
    public void put(BlockPointer pointer, byte[] node) {
        partOf(pointer.block()).put(pointer, node);
    }

    private Part partOf(long block) {
        return parts[(int) (block & (PARTS - 1))];
    }

    private record Cached(long checksum, byte[] node) {}

    private static final class Part {
        private final int max;
        private final ReentrantLock lock = new ReentrantLock();
        private final LinkedHashMap<Long, Cached> nodes;

        @SuppressWarnings("serial")
        Part(int max) {
            this.max = max;
            nodes = new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, Cached> eldest) {
                    return size() > max;
                }
            };
        }

        /** The low bits choose the part; left in, they would put all keys of a part into few buckets. */
        private static long key(BlockPointer pointer) {
            return pointer.block() / PARTS;
        }

        /** Returns whether many more can be kept without driving others out. */
        boolean hasRoom() {
            lock.lock();
            try {
                return nodes.size() < max * 3 / 4;
            } finally {
                lock.unlock();
            }
        }

        byte @Nullable [] get(BlockPointer pointer) {
            lock.lock();
            try {
                Cached cached = nodes.get(key(pointer));
                return cached != null && cached.checksum == pointer.checksum() ? cached.node : null;
            } finally {
                lock.unlock();
            }
        }

        void put(BlockPointer pointer, byte[] node) {
            lock.lock();
            try {
                nodes.put(key(pointer), new Cached(pointer.checksum(), node));
            } finally {
                lock.unlock();
            }
        }
    }
}
