package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.lang.foreign.MemorySegment;

/**
 * Reads of one file that keep no thread waiting for the device, for a server that has many under way. Thread-safe.
 *
 * <p>{@link StoredFile#openReads} opens a queue; it is closed with its file at the latest. A queue may refuse any read
 * at any time, for instance because the file I/O in use cannot do it. The caller then uses {@link StoredFile#read}. It
 * does the same after a read failed here: that call says what is wrong.
 */
public interface ReadQueue extends AutoCloseable {
    /** What became of a read. */
    enum Answer {
        /** It is done: the data was in memory. */
        READ,
        /** It is under way: {@link Ended} will be called, or was called just now. */
        STARTED,
        /** No read is under way and {@link Ended} will not be called. The contents of the target are undefined. */
        REFUSED
    }

    /**
     * Hears the end of a read that was started, once. It is called on a thread of the queue and must not wait for other
     * reads. If a part of the read could not be started, the thread that asked for it may call this instead, with
     * {@code false}, before {@link ReadQueue#read} returns.
     */
    interface Ended {
        /**
         * Takes the end of a read.
         *
         * @param read false: the read failed here and the contents of the target are undefined. The data may still be
         *     readable; call {@link StoredFile#read} to find out
         */
        void ended(boolean read);
    }

    /** Refuses everything. */
    ReadQueue NONE = new ReadQueue() {
        @Override
        public Answer read(long offset, MemorySegment target, Ended ended) {
            return Answer.REFUSED;
        }

        @Override
        public void prepare(long offset, long length) {}

        @Override
        public void close() {}
    };

    /**
     * Reads as many bytes as {@code target} has, if this thread need not wait for that.
     *
     * <p>Unlike {@link StoredFile#read}, the queue verifies the data in {@code target} itself. So nobody else may write
     * to {@code target} from this call to the end of the read; otherwise good data may fail its checksum. The queue
     * starts only reads of whole blocks within the file. Their target must be native memory, aligned to {@link
     * Volume#BLOCK_SIZE}, alive, and accessible from any thread.
     */
    Answer read(long offset, MemorySegment target, Ended ended);

    /**
     * Brings into memory where the data of a range lie, so that {@link #read} need not refuse it for want of that. Waits
     * for the device.
     */
    void prepare(long offset, long length) throws HoldfastException;

    /** Refuses all further reads, and waits for those under way. An {@link Ended} must not call this. */
    @Override
    void close();
}
