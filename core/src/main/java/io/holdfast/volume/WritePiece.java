package io.holdfast.volume;

import java.lang.foreign.MemorySegment;

/**
 * One of the writes of {@link StoredFile#writeTogether}.
 *
 * @param offset byte of the file, unsigned
 * @param source the bytes to write, all of them
 */
public record WritePiece(long offset, MemorySegment source) {}
