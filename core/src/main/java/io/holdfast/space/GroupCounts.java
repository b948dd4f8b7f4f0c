package io.holdfast.space;

/**
 * How many groups there are.
 *
 * @param loaded of which the bitmap is in memory
 * @param closed of which no block is allocated: their bitmaps cannot be read
 */
public record GroupCounts(long total, long loaded, long closed) {}
