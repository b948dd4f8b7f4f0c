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

    /** So many parts one read may have. */
    int PARTS_MAX = 32;

    /**
     * Begins to read whole blocks that follow each other on the device.
     *
     * @param targets 1 to {@link #PARTS_MAX} parts, filled in this order, each as {@link Device#read} wants it; they must
     *     stay alive and belong to the device until {@code ended} is called
     * @return false if nothing was begun: too many reads are under way, the range lies outside of the device, one read
     *     does not take so much or such memory, or the queue is closed
     */
    boolean start(long block, MemorySegment[] targets, Ended ended);

    /** Begins to read whole blocks into one place. */
    default boolean start(long block, MemorySegment target, Ended ended) {
        return start(block, new MemorySegment[] {target}, ended);
    }

    /** Returns how many bytes the parts have together. */
    static long bytes(MemorySegment[] targets) {
        long bytes = 0;
        for (MemorySegment target : targets) {
            bytes += target.byteSize();
        }
        return bytes;
    }

    /** Begins no more reads, and waits until all have ended. Not to be called on a thread of the queue. */
    @Override
    void close();
}
