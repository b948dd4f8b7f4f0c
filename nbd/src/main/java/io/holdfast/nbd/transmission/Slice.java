package io.holdfast.nbd.transmission;

import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A piece of native memory, seen by sockets as a buffer and by the engine as a segment. It begins at a multiple of a block,
 * so that the device can transfer to it.
 */
record Slice(ByteBuffer buffer, MemorySegment segment) {
    /** The largest slice; longer payloads take several. */
    static final int MAX = 1 << 20;

    static Slice allocate(int bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(footprint(bytes))
                .alignedSlice(Volume.BLOCK_SIZE)
                .slice(0, bytes);
        return new Slice(buffer, MemorySegment.ofBuffer(buffer));
    }

    /** Returns how much memory a slice takes: to begin at a block, one block more than it has. */
    static int footprint(int bytes) {
        return bytes + Volume.BLOCK_SIZE;
    }

    int capacity() {
        return buffer.capacity();
    }
}
