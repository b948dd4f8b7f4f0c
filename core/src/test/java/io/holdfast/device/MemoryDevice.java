package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * A device in memory. Only blocks that are not zero take space, so it can be as large as one likes. It grows as a file
 * does.
 *
 * <p>Invariants: every stored array is one block and is never changed once stored, so that {@link #copy()} is cheap
 * and a block is always read whole; writes are durable at once.
 */
public final class MemoryDevice implements Device {
    private static final byte[] ZEROS = new byte[Block.SIZE];

    private final String name;
    private volatile long blocks;
    private final ConcurrentMap<Long, byte[]> contents;
    private volatile boolean closed;

    /** An empty device: all zeros. */
    public MemoryDevice(String name, long blocks) {
        this(name, blocks, new ConcurrentHashMap<>());
    }

    private MemoryDevice(String name, long blocks, ConcurrentMap<Long, byte[]> contents) {
        if (blocks < 0) {
            throw new IllegalArgumentException("a device of " + blocks + " blocks");
        }
        this.name = name;
        this.blocks = blocks;
        this.contents = contents;
    }

    /** Returns an open device with the same contents, independent from now on. Call while nobody writes. */
    public MemoryDevice copy() {
        return new MemoryDevice(name, blocks, new ConcurrentHashMap<>(contents));
    }

    /** Returns a copy of one block, as it lies on the medium. */
    public byte[] block(long block) {
        return contents.getOrDefault(block, ZEROS).clone();
    }

    /** Replaces one block behind everybody's back, as a faulty medium does. */
    public void setBlock(long block, byte[] data) {
        if (data.length != Block.SIZE || block < 0 || block >= blocks) {
            throw new IllegalArgumentException("block %d with %d bytes".formatted(block, data.length));
        }
        store(block, data.clone());
    }

    /** Flips one bit behind everybody's back. */
    public void flipBit(long block, int bit) {
        byte[] data = block(block);
        data[bit / Byte.SIZE] ^= (byte) (1 << (bit % Byte.SIZE));
        setBlock(block, data);
    }

    /** Returns how many blocks are not zero. */
    public int storedBlocks() {
        return contents.size();
    }

    /** Returns the numbers of all blocks that are not zero, ascending. */
    public List<Long> storedBlockNumbers() {
        return contents.keySet().stream().sorted().toList();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long blocks() {
        return blocks;
    }

    @Override
    public long grow(long wanted) throws HoldfastException {
        requireOpen();
        blocks = Math.max(blocks, wanted);
        return blocks;
    }

    /** Leaves garbage: nobody may read it. */
    @Override
    public boolean discard(long block, long count) throws HoldfastException {
        DeviceChecks.requireInside(this, block, count);
        requireOpen();
        byte[] garbage = new byte[Block.SIZE];
        Arrays.fill(garbage, (byte) 0xdb);
        for (long b = block; b < block + count; b++) {
            store(b, garbage);
        }
        return true;
    }

    @Override
    public boolean directIo() {
        return false;
    }

    @Override
    public void read(long block, MemorySegment target) throws HoldfastException {
        long count = DeviceChecks.requireTarget(target);
        DeviceChecks.requireInside(this, block, count);
        requireOpen();
        for (long i = 0; i < count; i++) {
            byte[] data = contents.getOrDefault(block + i, ZEROS);
            MemorySegment.copy(data, 0, target, ValueLayout.JAVA_BYTE, i * Block.SIZE, Block.SIZE);
        }
    }

    @Override
    public void write(long block, SealedBuffer source) throws HoldfastException {
        write(block, source, 0, source.blocks());
    }

    @Override
    public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
        DeviceChecks.requirePart(source.blocks(), from, count);
        try (SealedBuffer.Hold hold = source.hold()) {
            write(block, hold.contents().asSlice((long) from * Block.SIZE, (long) count * Block.SIZE));
        }
    }

    @Override
    public void write(long block, LentBuffer source) throws HoldfastException {
        write(block, source.contents());
    }

    private void write(long block, MemorySegment source) throws HoldfastException {
        long count = source.byteSize() / Block.SIZE;
        DeviceChecks.requireInside(this, block, count);
        requireOpen();
        for (long i = 0; i < count; i++) {
            store(block + i, source.asSlice(i * Block.SIZE, Block.SIZE).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Override
    public void flush() throws HoldfastException {
        requireOpen();
    }

    @Override
    public void close() {
        closed = true;
    }

    private void store(long block, byte[] data) {
        if (Arrays.equals(data, ZEROS)) {
            contents.remove(block);
        } else {
            contents.put(block, data);
        }
    }

    private void requireOpen() throws HoldfastException {
        if (closed) {
            throw new HoldfastException(ErrorCode.CLOSED, name + " was closed");
        }
    }
}
