package io.holdfast.device;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Positional I/O on one open file or block device: what a {@link FileDevice} needs from the operating system.
 * Thread-safe; every method blocks. A call returns only when the system no longer uses the memory, whatever happens to
 * the calling thread. An interrupt ends no call; it only sets the interrupt status.
 *
 * <p>After {@link #close()} every call throws {@link ClosedChannelException}.
 */
public interface BlockFile extends AutoCloseable {
    /**
     * Reads into {@code target} from byte {@code position} on.
     *
     * @param target suitable for a device ({@link DeviceChecks#suitable}); it stays alive until the call returns
     * @return how many bytes were read, which may be fewer than {@code target} has; 0 or less at the end of the file
     */
    int read(MemorySegment target, long position) throws IOException;

    /**
     * Opens a queue of reads of this file that keep no thread waiting, as {@link Device#openReads} does. The caller may
     * close it; closing the file closes it, too.
     *
     * @return null if this file has no such queue
     */
    default @Nullable BlockReads openReads(String name, Runnable handedOn) {
        return null;
    }

    /**
     * Writes {@code source} from byte {@code position} on.
     *
     * @param source as the target of {@link #read}
     * @return how many bytes were written, which may be fewer than {@code source} has
     */
    int write(MemorySegment source, long position) throws IOException;

    /**
     * Writes each source to its place, as {@link #write(MemorySegment, long)} does. The file may have all of them under
     * way at once. Returns or throws only when all have ended.
     *
     * @param counts gets how many bytes of each source were written
     */
    default void write(MemorySegment[] sources, long[] positions, int[] counts) throws IOException {
        for (int i = 0; i < sources.length; i++) {
            counts[i] = write(sources[i], positions[i]);
        }
    }

    /**
     * Takes room on the file system for a range of a regular file, as {@code fallocate} does. The range lies within the
     * size of the file; its contents stay. Does nothing if the system or the file system cannot do that.
     *
     * @return false if nothing was done
     * @throws NoRoomException if there is no room
     */
    default boolean allocate(long position, long bytes) throws IOException {
        return false;
    }

    /**
     * Gives the room of a range back to the file system or the disk. What the range holds afterwards is unknown, and its
     * size stays.
     *
     * @param blockDevice whether this is a block device, and not a regular file
     * @return false if nothing was done: the system, the file system or the disk cannot do that
     */
    default boolean discard(long position, long bytes, boolean blockDevice) throws IOException {
        return false;
    }

    /** Sets the size of a regular file that is open for writing, in bytes. What is cut off is lost. */
    void truncate(long bytes) throws IOException;

    /**
     * Makes durable what was written: as {@code fdatasync} does, or with {@code metadata} as {@code fsync} does. Each
     * call here makes one call of the system. The kernel reports an error only once, so nobody may repeat a call that
     * failed.
     */
    void force(boolean metadata) throws IOException;

    /** Returns the size in bytes of a regular file. */
    long size() throws IOException;

    /** Waits for the calls that are under way, then closes. Closing twice is harmless. */
    @Override
    void close() throws IOException;
}
