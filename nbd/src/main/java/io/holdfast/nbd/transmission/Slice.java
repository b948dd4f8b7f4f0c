package io.holdfast.nbd.transmission;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** A piece of native memory, seen by sockets as a buffer and by the engine as a segment. */
record Slice(ByteBuffer buffer, MemorySegment segment) {
    /** The largest slice; longer payloads take several. */
    static final int MAX = 1 << 20;

    static Slice allocate(int bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
        return new Slice(buffer, MemorySegment.ofBuffer(buffer));
    }

    int capacity() {
        return buffer.capacity();
    }
}
