package io.holdfast.volume;

import java.lang.foreign.MemorySegment;

/**
 * Reads of one file that keep no thread waiting for the device: for a server that has many under way.
 *
 * <p>Thread-safe. Opened by {@link StoredFile#openReads}, closed with the file at the latest. A queue may refuse any read at
 * any time, for instance because the file I/O in use cannot do it; it is then to be done by {@link StoredFile#read}, which
 * also tells what is wrong with one that failed here.
 */
public interface ReadQueue extends AutoCloseable {
    /** What became of a read. */
    enum Answer {
        /** It is done: the data was in memory. */
        READ,
        /** It is under way, and {@link Ended} will be called. */
        STARTED,
        /** Nothing was done. */
        REFUSED
    }

    /** Is told the end of a read that was started, once, on a thread of the queue. Must not wait for other reads. */
    interface Ended {
        /**
         * Takes the end of a read.
         *
         * @param read false if it could not be done: neither is the memory what was asked for, nor is it said that it
         *     cannot be read
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
        public void close() {}
    };

    /**
     * Reads as many bytes as {@code target} has, if that can be done without waiting on this thread.
     *
     * <p>Unlike with {@link StoredFile#read}, the data is verified where it lies: from the call to the end nobody else may
     * write to {@code target}, or a checksum fails that is right. Started are only reads of whole blocks within the file,
     * into native memory that is aligned to {@link Volume#BLOCK_SIZE}, alive and accessible from any thread.
     */
    Answer read(long offset, MemorySegment target, Ended ended);

    /** Waits for what is under way; everything after that is refused. Not to be called by an {@link Ended}. */
    @Override
    void close();
}
