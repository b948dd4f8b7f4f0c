package io.holdfast.door;

import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A piece of native memory: a buffer for sockets and a segment for the engine. It is aligned to a block, so that the
 * device can transfer to it directly.
 */
public record Slice(ByteBuffer buffer, MemorySegment segment) {
    /** The largest slice; longer payloads take several. */
    public static final int MAX = 1 << 20;

    public static Slice allocate(int bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(footprint(bytes))
                .alignedSlice(Volume.BLOCK_SIZE)
                .slice(0, bytes);
        return new Slice(buffer, MemorySegment.ofBuffer(buffer));
    }

    /** Returns how much memory a slice takes: one block more than its size, to align it. */
    public static int footprint(int bytes) {
        return bytes + Volume.BLOCK_SIZE;
    }

    public int capacity() {
        return buffer.capacity();
    }
}
