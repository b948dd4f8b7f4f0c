package io.holdfast.device;

import java.lang.foreign.MemorySegment;

/**
 * A bounded queue of reads of a {@link Device} that keep no thread waiting. Any thread may begin a read; it ends on a
 * thread of the queue.
 *
 * <p>Thread-safe. {@link Device#openReads} opens it; close it before the device.
 */
public interface DeviceReads extends AutoCloseable {
    /** Learns that a read has ended. */
    interface Ended {
        /**
         * Takes the end of a read. A thread of the queue calls this once for each read. Must neither wait nor throw.
         *
         * @param whole false if not everything could be read; {@link Device#read} tells why
         */
        void ended(boolean whole);
    }

    /**
     * Begins to read whole blocks.
     *
     * @param target as {@link Device#read} wants it; it must stay alive and belongs to the device until {@code ended}
     *     is called
     * @return false if nothing was begun: too many reads are under way, the range lies outside of the device, one read
     *     does not take so much or such memory, or the queue is closed
     */
    boolean start(long block, MemorySegment target, Ended ended);

    /** Begins no more reads, and waits until all have ended. Not to be called on a thread of the queue. */
    @Override
    void close();
}
