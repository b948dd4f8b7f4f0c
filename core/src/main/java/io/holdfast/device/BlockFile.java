package io.holdfast.device;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Positional I/O on one open file or block device: what a {@link FileDevice} needs from the operating system.
 * Thread-safe; every method blocks, and a call returns only when the system is done with the memory, whatever happens
 * to the calling thread meanwhile. An interrupt has no effect but the interrupt status.
 *
 * <p>After {@link #close()} every call throws {@link ClosedChannelException}.
 */
public interface BlockFile extends AutoCloseable {
    /**
     * Reads at most as many bytes as {@code target} has from byte {@code position} on; returns the count, which is 0 or
     * less at the end of the file. The memory is suitable for a device ({@link DeviceChecks#suitable}) and stays alive
     * until the call returns.
     */
    int read(MemorySegment target, long position) throws IOException;

    /**
     * Opens a queue of reads of this file that keep no thread waiting, as {@link Device#openReads}. It must be closed, or
     * is with the file.
     *
     * @return null if there is none
     */
    default @Nullable BlockReads openReads(String name, Runnable handedOn) {
        return null;
    }

    /** Writes at most the bytes of {@code source} from byte {@code position} on; returns the count. As {@link #read}. */
    int write(MemorySegment source, long position) throws IOException;

    /**
     * Writes each source to its place as {@link #write(MemorySegment, long)} does, all under way at once if the file can do
     * that. Returns when all have ended, also with an exception.
     *
     * @param counts gets how many bytes of each were written
     */
    default void write(MemorySegment[] sources, long[] positions, int[] counts) throws IOException {
        for (int i = 0; i < sources.length; i++) {
            counts[i] = write(sources[i], positions[i]);
        }
    }

    /**
     * Takes room on the file system for a range of a regular file, inside of its size, as {@code fallocate} does; contents
     * stay. Does nothing where the system or the file system cannot do that.
     *
     * @throws NoRoomException if there is no room
     */
    default void allocate(long position, long bytes) throws IOException {}

    /**
     * Makes what was written durable, as {@code fsync} does, or as {@code fdatasync} does without {@code metadata}. One
     * call of the system for each call here: an error is reported by the kernel once, and never tried again.
     */
    void force(boolean metadata) throws IOException;

    /** Returns the size in bytes of a regular file. */
    long size() throws IOException;

    /** Waits for calls that are under way, and closes. Closing twice is harmless. */
    @Override
    void close() throws IOException;
}
