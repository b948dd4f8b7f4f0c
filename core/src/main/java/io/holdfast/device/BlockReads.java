package io.holdfast.device;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.IntConsumer;

/** Reads of a {@link BlockFile} that keep no thread waiting; see {@link DeviceReads}, which is made of them. */
public interface BlockReads extends AutoCloseable {
    /**
     * Begins to read.
     *
     * @param ended told what {@link BlockFile#read} would have returned, less than 0 for an error
     * @return false if there are too many under way, or the queue or the file is closed
     */
    boolean start(MemorySegment target, long position, IntConsumer ended);

    /** Waits until all reads have ended, and begins no more. */
    @Override
    void close() throws IOException;
}
