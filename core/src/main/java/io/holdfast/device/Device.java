package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Storage such as a file or a block device, seen as an array of {@linkplain Block blocks}.
 * Thread-safe; every method blocks.
 *
 * <p>Two kinds of memory reach a device. Nobody can change a {@link SealedBuffer} any more. A {@link LentBuffer}, for a
 * file without checksums, says by its type that nothing was promised about its content.
 *
 * <p>A write is durable only after a {@link #flush()} that began after the write returned. A crash before that may keep
 * any subset of the written blocks, torn at 512 bytes.
 */
public interface Device extends AutoCloseable {
    /** Returns the name for messages; for a file or block device this is its path. */
    String name();

    /** Returns the size in blocks. */
    long blocks();

    /** Returns whether the device bypasses the page cache of the operating system. */
    boolean directIo();

    /**
     * Reads whole blocks into private memory of the engine.
     *
     * @param target as {@link DeviceChecks#requireTarget} wants it: whole blocks of writable native memory, aligned to
     *     4096 bytes, that any thread may use
     * @throws HoldfastException {@code DEVICE_ERROR} naming device and block, also for a range that ends beyond the
     *     device
     */
    void read(long block, MemorySegment target) throws HoldfastException;

    /**
     * Opens a queue of reads that keep no thread waiting.
     *
     * @param name of the queue's thread
     * @param handedOn the queue's thread calls this when it has told the end of one or more reads that had ended
     *     together; must not throw
     * @return null if this device has no such queue
     */
    default @Nullable DeviceReads openReads(String name, Runnable handedOn) {
        return null;
    }

    /**
     * Asks what the device lies on for room, so that a later write of these blocks does not find it full. The contents
     * of the blocks stay. Does nothing if the device has its room already, or cannot ask. Where it cannot ask, a write
     * may still throw {@code HOST_FULL}.
     *
     * @throws HoldfastException {@code HOST_FULL} if there is no room
     */
    default void allocate(long block, long count) throws HoldfastException {}

    /**
     * Makes a device that is open for writing larger, or learns that somebody has made it larger. Others may use it
     * meanwhile. The new size is durable after a {@link #flush()} that begins when this has returned; a crash before
     * that may leave the old one. What the added blocks hold is unknown.
     *
     * <p>This implementation is for a device of a fixed size.
     *
     * @param blocks how many blocks are wanted at least; 0 for those that are there
     * @return how many blocks there are now. {@link #blocks()} is that from now on, unless there are fewer than before
     * @throws HoldfastException {@code INVALID} if the device cannot have so many; {@code HOST_FULL}; {@code
     *     DEVICE_ERROR}, after which the device goes on with its old size
     */
    default long grow(long blocks) throws HoldfastException {
        if (blocks > blocks()) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "%s has %s, less than the %s that the volume is to have"
                            .formatted(
                                    name(),
                                    SizeText.exact(blocks() * Block.SIZE),
                                    SizeText.exact(blocks * Block.SIZE)));
        }
        return blocks();
    }

    /**
     * Makes the device larger as {@link #grow} does, and takes all room for its blocks from {@code from} on at once: no
     * later write of these blocks finds the host full, as long as the host overwrites blocks in place. What the blocks hold
     * afterwards is unknown. That is durable when this returns. If it fails, the device is as large as before.
     *
     * <p>This implementation is for a device that has its room already, and does as {@link #grow}.
     *
     * @param step hears how many of the blocks from {@code from} on have room; may throw to end this
     * @return as {@link #grow}
     * @throws HoldfastException as {@link #grow}; {@code HOST_FULL} if there is not so much room, mostly before any was
     *     taken
     */
    default long preallocate(long from, long blocks, LongConsumer step) throws HoldfastException {
        return grow(blocks);
    }

    /**
     * Gives room back to what the device lies on: nobody needs the contents of these blocks any more. Until a block is
     * written again, a read of it returns anything. A crash before the next {@link #flush()} may undo this. Writes that are
     * under way to other blocks may wait for this call.
     *
     * <p>This implementation is for a device that cannot do that.
     *
     * @return false if nothing was done, and nothing will be: the device, or what it lies on, cannot
     * @throws HoldfastException {@code DEVICE_ERROR}; some of the blocks may have lost their contents
     */
    default boolean discard(long block, long count) throws HoldfastException {
        return false;
    }

    /** Returns whether the device takes its room when it is written: it is a regular file, which may have holes. */
    default boolean takesRoomWhenWritten() {
        return false;
    }

    /**
     * Looks at the file system that the device's file lies on.
     *
     * @param blocks how many blocks of the device count, from its start
     * @return empty for a device that lies on no file
     * @throws HoldfastException {@code DEVICE_ERROR} if the host does not tell
     */
    default Optional<HostFileSystem> host(long blocks) throws HoldfastException {
        return Optional.empty();
    }

    /**
     * Writes all blocks of the buffer to consecutive blocks of the device from {@code block} on.
     *
     * @throws HoldfastException {@code DEVICE_ERROR} naming device and block, also for a range that ends beyond the
     *     device; {@code HOST_FULL}
     */
    void write(long block, SealedBuffer source) throws HoldfastException;

    /** Writes {@code count} blocks of the buffer, from its block {@code from} on. */
    void write(long block, SealedBuffer source, int from, int count) throws HoldfastException;

    /**
     * Writes pieces of the buffer to several places, and returns when all have ended. The device may have all of them
     * under way at once. If this fails, any of them may have been written.
     */
    default void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
        for (Piece piece : pieces) {
            write(piece.block(), source, piece.from(), piece.count());
        }
    }

    /** Writes memory that its owner may change during the call. */
    void write(long block, LentBuffer source) throws HoldfastException;

    /**
     * Makes all writes that returned before this call durable on the medium.
     *
     * <p>A failed flush says nothing about any of these writes. The caller must not try it again: the kernel may have
     * dropped the data and forgotten the error. Once a flush has failed, no later flush succeeds, nor does one that ran
     * at the same time, and the device takes no more writes.
     */
    void flush() throws HoldfastException;

    @Override
    void close() throws HoldfastException;
}
