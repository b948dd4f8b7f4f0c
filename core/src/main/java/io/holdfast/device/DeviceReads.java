package io.holdfast.device;

import java.lang.foreign.MemorySegment;

/**
 * Reads of a {@link Device} that keep no thread waiting: begun by any thread, ended on a thread of the queue's own. Bounded.
 *
 * <p>Thread-safe. Opened by {@link Device#openReads}; to be closed before the device.
 */
public interface DeviceReads extends AutoCloseable {
    /** Is told that a read has ended, once, on a thread of the queue. Must neither wait nor throw. */
    interface Ended {
        /**
         * Takes the end of a read.
         *
         * @param whole false if not everything could be read; {@link Device#read} tells why
         */
        void ended(boolean whole);
    }

    /**
     * Begins to read whole blocks, into memory as {@link Device#read} wants it, which must stay alive and belongs to the
     * device until {@code ended} is called.
     *
     * @return false if too many reads are under way, the range lies outside of the device, or the queue is closed; nothing
     *     was begun then
     */
    boolean start(long block, MemorySegment target, Ended ended);

    /** Waits until all reads have ended, and begins no more. Not to be called on a thread of the queue. */
    @Override
    void close();
}
