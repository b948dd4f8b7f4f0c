package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One file or block device, seen as an array of {@linkplain io.holdfast.format.Block blocks}. Thread-safe; every method blocks.
 *
 * <p>Only memory that nobody can change any more reaches a device: {@link SealedBuffer}, or, for a file without
 * checksums, {@link LentBuffer}, which says by its type that nothing was promised about it.
 *
 * <p>A write is durable only after a {@link #flush()} that began after the write returned. A crash before that may keep
 * any subset of the written blocks, torn at 512 bytes.
 */
public interface Device extends AutoCloseable {
    /** Returns the path, for messages. */
    String name();

    /** Returns the size in blocks. */
    long blocks();

    /** Returns whether the device bypasses the page cache of the operating system. */
    boolean directIo();

    /**
     * Reads whole blocks into private memory of the engine, aligned to 4096 bytes.
     *
     * @throws HoldfastException {@code DEVICE_ERROR} naming device and block, also for a range that ends beyond the
     *     device
     */
    void read(long block, MemorySegment target) throws HoldfastException;

    /**
     * Opens a queue of reads that keep no thread waiting.
     *
     * @param name for its thread
     * @param handedOn called on the queue's thread after it has told the end of one or more reads that had ended
     *     together; must not throw
     * @return null if this device has none
     */
    default @Nullable DeviceReads openReads(String name, Runnable handedOn) {
        return null;
    }

    /**
     * Asks for room on what the device lies on, so that writing these blocks later does not find it full. A device that
     * has its room, or cannot ask for it, does nothing: then a write may still throw {@code HOST_FULL}. The contents of
     * the blocks stay.
     *
     * @throws HoldfastException {@code HOST_FULL} if there is no room
     */
    default void allocate(long block, long count) throws HoldfastException {}

    /** Writes all blocks of the buffer to consecutive blocks of the device from {@code block} on. */
    void write(long block, SealedBuffer source) throws HoldfastException;

    /** Writes {@code count} blocks of the buffer, from its block {@code from} on. */
    void write(long block, SealedBuffer source, int from, int count) throws HoldfastException;

    /**
     * Writes pieces of the buffer to several places, all under way at once if the device can do that, and returns when all
     * have ended. If it fails, any of them may have been written.
     */
    default void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
        for (Piece piece : pieces) {
            write(piece.block(), source, piece.from(), piece.count());
        }
    }

    /** Writes memory that its owner may be changing meanwhile. */
    void write(long block, LentBuffer source) throws HoldfastException;

    /**
     * Makes all writes that returned before this call durable on the medium. A failed flush says nothing about any
     * of them and must not be tried again: the kernel may have dropped the data and forgotten the error. Once one has
     * failed, no later one succeeds, nor one that ran at the same time, and no write is taken.
     */
    void flush() throws HoldfastException;

    @Override
    void close() throws HoldfastException;
}
