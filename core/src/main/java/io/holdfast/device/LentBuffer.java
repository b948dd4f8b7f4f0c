package io.holdfast.device;

import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;

/**
 * A caller's own memory, on its way to a device without a copy and without a checksum. Its content may change while the
 * device reads it. So only data of files that were created without checksums may be written like this.
 */
public final class LentBuffer {
    private final MemorySegment memory;

    private LentBuffer(MemorySegment memory) {
        this.memory = memory;
    }

    /**
     * Returns whether a device can read straight from this memory: native, aligned to 4096 bytes, a multiple of 4096
     * bytes long, and not confined to one thread.
     */
    public static boolean possible(MemorySegment memory) {
        return DeviceChecks.suitable(memory) && memory.byteSize() / Block.SIZE <= Integer.MAX_VALUE;
    }

    /** Wraps memory for which {@link #possible} holds. */
    public static LentBuffer of(MemorySegment memory) {
        if (!possible(memory)) {
            throw new IllegalArgumentException("not shared native memory of whole aligned blocks: " + memory);
        }
        return new LentBuffer(memory.asReadOnly());
    }

    public int blocks() {
        return (int) (memory.byteSize() / Block.SIZE);
    }

    public MemorySegment contents() {
        return memory;
    }
}
