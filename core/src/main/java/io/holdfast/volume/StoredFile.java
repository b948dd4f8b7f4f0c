package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/**
 * An open regular file of a volume. All methods are thread-safe and block; they are made for virtual threads.
 *
 * <p>Offsets and lengths are bytes. Offsets and sizes are unsigned 64-bit numbers: a file may be up to 2^64 - 1 bytes
 * long. The unit of atomicity is the 4 KiB block: a crash or a concurrent reader sees each block of a write whole or
 * not at all, and different blocks of one write independently.
 *
 * <p>A caller may change its buffer while a call runs: what is stored is then some mixture of the contents the buffer
 * had, and its checksum always matches what is stored. What a read returns was verified before it was copied out.
 *
 * <p>Any method may throw {@link HoldfastException} with {@code FAILED} (an earlier write failed; see {@link
 * Volume}), {@code READ_ONLY} or {@code CLOSED}.
 */
public interface StoredFile extends AutoCloseable {
    /** Returns the inode number. */
    long inode();

    /** Returns the logical size in bytes, unsigned. */
    long size();

    /** Returns whether the file's data is checksummed. */
    boolean checksummed();

    /** Returns the file's attributes. */
    FileStatus status() throws HoldfastException;

    /**
     * Reads as many bytes as {@code target} holds.
     *
     * @return the number of bytes read, less than asked for only at the end of the file, 0 at or after it
     * @throws HoldfastException {@code CHECKSUM_MISMATCH} or {@code DEVICE_ERROR}, with file, offset and block in the
     *     message; {@code WOULD_BLOCK} with {@link ReadFlag#NOWAIT}
     */
    long read(long offset, MemorySegment target, Set<ReadFlag> flags) throws HoldfastException;

    default long read(long offset, MemorySegment target) throws HoldfastException {
        return read(offset, target, Set.of());
    }

    /** Reads into the buffer from its position to its limit and moves the position by what was read. */
    default int read(long offset, ByteBuffer target) throws HoldfastException {
        int n = (int) read(offset, MemorySegment.ofBuffer(target), Set.of());
        target.position(target.position() + n);
        return n;
    }

    /**
     * Writes all of {@code source}. The file grows if the write ends beyond its size.
     *
     * <p>Durability: none until {@link #flush()} or with {@link WriteFlag#FUA}. An accepted write can always be
     * written back: running out of space is reported here and never at a flush.
     *
     * @throws HoldfastException {@code NO_SPACE}, and then nothing from the first block without space on was
     *     written; {@code FILE_TOO_LARGE}; {@code WOULD_BLOCK} with {@link WriteFlag#NOWAIT}, and then nothing was
     *     written
     */
    void write(long offset, MemorySegment source, Set<WriteFlag> flags) throws HoldfastException;

    default void write(long offset, MemorySegment source) throws HoldfastException {
        write(offset, source, Set.of());
    }

    /**
     * Writes several pieces, each as {@link #write(long, MemorySegment, Set)} does, for less work than one by one: they are
     * brought to the device in as few transfers as can be. They are no unit: a crash may leave any of them, or none.
     *
     * @return false if that cannot be done for these, and then nothing was written, and each may be written by itself:
     *     pieces are not of whole blocks, or overlap, or are more than a megabyte together, or space for all is not left
     */
    default boolean writeTogether(List<WritePiece> pieces) throws HoldfastException {
        return false;
    }

    /** Writes the buffer from its position to its limit and moves the position to the limit. */
    default void write(long offset, ByteBuffer source) throws HoldfastException {
        write(offset, MemorySegment.ofBuffer(source), Set.of());
        source.position(source.limit());
    }

    /**
     * Makes every write to this file, by whatever handle, that returned before this call durable on the medium. One
     * call serves all that wait (group commit).
     */
    void flush() throws HoldfastException;

    /**
     * Reserves space for every hole in the range, which becomes unwritten (fallocate with keep-size). Writes into it
     * do not run out of space.
     */
    void allocate(long offset, long length) throws HoldfastException;

    /** Frees the range: whole blocks become holes, parts of blocks are zeroed. Never grows the file. */
    void punch(long offset, long length) throws HoldfastException;

    /**
     * Makes the range read as zeroes and keeps its space reserved: whole blocks become unwritten by a change of the
     * map alone, parts of blocks are zeroed. Never grows the file.
     */
    void zero(long offset, long length) throws HoldfastException;

    /**
     * Tells what is where. Neighbouring runs of one state are joined.
     *
     * @param maxExtents stop after so many; at least 1
     * @return contiguous extents from {@code offset} on, ending at or before {@code offset + length} and at the end
     *     of the file; empty at or after the end
     */
    List<Extent> map(long offset, long length, int maxExtents) throws HoldfastException;

    /** Sets the size: what is cut off is freed, what is added is a hole. */
    void truncate(long size) throws HoldfastException;

    /**
     * Opens a queue of reads that keep no thread waiting.
     *
     * @param name for its thread
     * @param handedOn called on a thread of the queue after it has told the end of one or more reads that had ended
     *     together; it may take its time, but the queue does nothing else meanwhile
     */
    default ReadQueue openReads(String name, Runnable handedOn) throws HoldfastException {
        return ReadQueue.NONE;
    }

    /** Closes this handle. Does not flush. Closing twice is harmless. */
    @Override
    void close();
}
