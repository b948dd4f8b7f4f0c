package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Blocks to write and memory to read into, for tests. */
public final class TestBuffers {
    /** The most blocks that {@link #sealed} and {@link #write} take at once. */
    public static final int BLOCKS_MAX = 64;

    private static final BufferPool POOL = new BufferPool(16, BLOCKS_MAX);

    private TestBuffers() {}

    /** Returns {@code count} blocks of content that depends on nothing but the seed. */
    public static byte[] random(long seed, int count) {
        byte[] data = new byte[count * Block.SIZE];
        new Random(seed).nextBytes(data);
        return data;
    }

    /** Seals a copy of whole blocks. To be released. */
    public static SealedBuffer sealed(byte[] data) {
        int count = data.length / Block.SIZE;
        BlockBuffer buffer = POOL.take();
        for (int i = 0; i < count; i++) {
            buffer.copy(i, MemorySegment.ofArray(data), (long) i * Block.SIZE);
        }
        return buffer.seal(count);
    }

    /** Writes whole blocks, sealed. */
    public static void write(Device device, long block, byte[] data) throws HoldfastException {
        SealedBuffer sealed = sealed(data);
        try {
            device.write(block, sealed);
        } finally {
            sealed.release();
        }
    }

    /** Reads whole blocks into an array. */
    public static byte[] read(Device device, long block, int count) throws HoldfastException {
        MemorySegment memory = memory(count);
        device.read(block, memory);
        return memory.toArray(ValueLayout.JAVA_BYTE);
    }

    /** Allocates memory that a device can read into, or that can be lent to it. The collector frees it. */
    public static MemorySegment memory(int count) {
        return Arena.ofAuto().allocate((long) count * Block.SIZE, Block.SIZE);
    }
}
