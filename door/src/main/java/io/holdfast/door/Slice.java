package io.holdfast.door;

import io.holdfast.volume.Volume;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A piece of native memory: a buffer for sockets and a segment for the engine. It is aligned to a block, so that the
 * device can transfer to it directly. Its memory lasts until {@link #free}: the garbage collector would give it back only
 * some time after nobody needs it any more, and until then it would count for nobody.
 */
public final class Slice {
    /** The largest slice; longer payloads take several. */
    public static final int MAX = 1 << 20;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private final ByteBuffer buffer;

    private Slice(int bytes) {
        boolean made = false;
        try {
            segment = arena.allocate(bytes, Volume.BLOCK_SIZE);
            buffer = segment.asByteBuffer();
            made = true;
        } finally {
            if (!made) {
                arena.close();
            }
        }
    }

    /**
     * Allocates a slice, filled with zeroes.
     *
     * @throws OutOfMemoryError if there is no memory for it
     */
    public static Slice allocate(int bytes) {
        return new Slice(bytes);
    }

    /** Returns how much memory a slice takes: one block more than its size, to align it. */
    public static int footprint(int bytes) {
        return bytes + Volume.BLOCK_SIZE;
    }

    public ByteBuffer buffer() {
        return buffer;
    }

    public MemorySegment segment() {
        return segment;
    }

    public int capacity() {
        return buffer.capacity();
    }

    /** Gives the memory back to the system. Nobody may use it any more. */
    void free() {
        arena.close();
    }
}
