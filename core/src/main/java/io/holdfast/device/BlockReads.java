package io.holdfast.device;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.IntConsumer;

/**
 * A queue of reads of a {@link BlockFile} that keep no thread waiting. {@link DeviceReads} of a file are made of them.
 */
public interface BlockReads extends AutoCloseable {
    /**
     * Begins to read.
     *
     * @param targets 1 to {@link DeviceReads#PARTS_MAX} parts, filled in this order
     * @param ended gets what {@link BlockFile#read} would have returned: the bytes that were read, or less than 0 for
     *     an error
     * @return false if nothing was begun: too many reads are under way, or the queue or the file is closed
     */
    boolean start(MemorySegment[] targets, long position, IntConsumer ended);

    /** Begins no more reads, and waits until all have ended. */
    @Override
    void close() throws IOException;
}
