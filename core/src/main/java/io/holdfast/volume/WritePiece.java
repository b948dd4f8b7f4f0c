package io.holdfast.volume;

import java.lang.foreign.MemorySegment;

/**
 * One of several writes that are handed over together, {@link StoredFile#writeTogether}.
 *
 * @param offset byte of the file, unsigned
 * @param source what is written, all of it
 */
public record WritePiece(long offset, MemorySegment source) {}
