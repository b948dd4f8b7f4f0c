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
 * long.
 *
 * <p>The unit of atomicity is the 4 KiB block. After a crash, and for a concurrent reader, each block of a write is
 * there whole or not at all, independently of the write's other blocks.
 *
 * <p>A caller may change its buffer while a write runs. The volume then stores some mixture of the contents that the
 * buffer had, and the checksum always matches what is stored. A read verifies data before it copies it to the caller.
 *
 * <p>Any method may throw {@link HoldfastException} with {@code CLOSED}. A method that changes or flushes the file may
 * also throw {@code READ_ONLY}, or {@code FAILED} after an earlier write failed; see {@link Volume}.
 */
public interface StoredFile extends AutoCloseable {
    /** Returns the inode number. */
    long inode();

    /** Returns the size in bytes, unsigned. */
    long size();

    /** Returns whether the file's data is checksummed. */
    boolean checksummed();

    /** Returns the file's attributes. */
    FileStatus status() throws HoldfastException;

    /**
     * Reads as many bytes as {@code target} holds.
     *
     * @return the number of bytes read: less than asked for only at the end of the file, 0 at or after it
     * @throws HoldfastException {@code CHECKSUM_MISMATCH} or {@code DEVICE_ERROR}, with file, offset and block in the
     *     message; {@code DAMAGED} if a node of the file's map cannot be read, or was lost; {@code WOULD_BLOCK} with {@link
     *     ReadFlag#NOWAIT}
     */
    long read(long offset, MemorySegment target, Set<ReadFlag> flags) throws HoldfastException;

    default long read(long offset, MemorySegment target) throws HoldfastException {
        return read(offset, target, Set.of());
    }

    /** Reads into the buffer from its position to its limit, and moves the position behind the bytes read. */
    default int read(long offset, ByteBuffer target) throws HoldfastException {
        int n = (int) read(offset, MemorySegment.ofBuffer(target), Set.of());
        target.position(target.position() + n);
        return n;
    }

    /**
     * Writes all of {@code source}. The file grows if the write ends beyond its size.
     *
     * <p>Durability: with {@link WriteFlag#FUA} the write is durable on return, otherwise after a later {@link
     * #flush()}. A flush never runs out of space: the volume reserves the space for a write before it accepts it.
     *
     * @throws HoldfastException {@code NO_SPACE}: nothing was written from the first block without space on. {@code
     *     WOULD_BLOCK} with {@link WriteFlag#NOWAIT}: nothing was written. {@code FILE_TOO_LARGE}. {@code BEYOND_END}
     *     for a handle of {@link VolumeFiles#openDisk}
     */
    void write(long offset, MemorySegment source, Set<WriteFlag> flags) throws HoldfastException;

    default void write(long offset, MemorySegment source) throws HoldfastException {
        write(offset, source, Set.of());
    }

    /**
     * Writes several pieces, each as {@link #write(long, MemorySegment, Set)} does without flags, for less work than
     * one by one: in as few transfers to the device as possible. The pieces are no unit: after a crash any of them may
     * be missing.
     *
     * @return false if these pieces cannot be written together: a piece does not consist of whole blocks, pieces
     *     overlap, there is not space for all, or all together exceed 1 MiB or the end of a disk. Nothing was written
     *     then; the caller may write each piece by itself
     */
    default boolean writeTogether(List<WritePiece> pieces) throws HoldfastException {
        return false;
    }

    /** Writes the buffer from its position to its limit, and moves the position to the limit. */
    default void write(long offset, ByteBuffer source) throws HoldfastException {
        write(offset, MemorySegment.ofBuffer(source), Set.of());
        source.position(source.limit());
    }

    /**
     * Makes durable on the medium every write to this file that returned before this call, through whatever handle.
     * Calls that wait at the same time share one flush of the device (group commit).
     */
    void flush() throws HoldfastException;

    /**
     * Reserves space for every hole in the range, and makes it unwritten ({@code fallocate} with keep-size). Writes
     * into it do not run out of space. A range with thousands of holes is reserved part by part, so a call that fails
     * for lack of space may have reserved some of them.
     */
    void allocate(long offset, long length) throws HoldfastException;

    /** Frees the range: whole blocks become holes, parts of blocks are zeroed. Never grows the file. */
    void punch(long offset, long length) throws HoldfastException;

    /**
     * Makes the range read as zeroes and keeps its space reserved. Whole blocks become unwritten by a change of the map
     * alone; parts of blocks are zeroed. Never grows the file.
     */
    void zero(long offset, long length) throws HoldfastException;

    /**
     * Returns what each part of a range holds. Neighbouring parts in one state are one extent. A node of the file's map
     * that cannot be read makes what it covers {@code LOST}, and is no error of this call.
     *
     * @param maxExtents the most extents to return; at least 1
     * @return contiguous extents from {@code offset} on, ending at or before {@code offset + length} and at the end of
     *     the file; empty at or after the end. It may end early where the map is scattered or damaged: ask for the rest
     */
    List<Extent> map(long offset, long length, int maxExtents) throws HoldfastException;

    /**
     * Sets the size in bytes, unsigned. Frees what is cut off; what is added is a hole.
     *
     * @throws HoldfastException {@code IN_USE} if the file would become smaller and its users or a claim forbid that,
     *     see {@link VolumeFiles}; {@code INVALID} for a handle of {@link VolumeFiles#openDisk}
     */
    void truncate(long size) throws HoldfastException;

    /**
     * Opens a queue of reads that keep no thread waiting.
     *
     * @param name of its thread
     * @param handedOn runs on a thread of the queue, each time after the queue has reported one or more reads that
     *     ended together. It may take its time, but the queue does nothing else meanwhile
     */
    default ReadQueue openReads(String name, Runnable handedOn) throws HoldfastException {
        return ReadQueue.NONE;
    }

    /**
     * Tells how long a client of a door has waited for its answer, so that background work makes way for it. Calls of this
     * file are counted anyway; this adds what they waited for outside of them. Cheap; never throws.
     */
    default void clientWaited(long nanos) {}

    /** Closes this handle. Does not flush. Closing twice is harmless. */
    @Override
    void close();
}
