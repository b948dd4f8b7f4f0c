package io.holdfast.mapping;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import org.jspecify.annotations.Nullable;

/** A node of a file's map cannot be read, so nobody knows what a range of the file has. */
public final class UnreadableRangeException extends HoldfastException {
    private final long first;
    private final long count;

    /**
     * Makes the exception for a range that begins with the block that was asked for.
     *
     * @param first block of the file
     * @param count blocks from {@code first} on of which nothing is known, at least 1
     * @param cause what keeps the node from being read; null if the node was lost earlier
     */
    public UnreadableRangeException(
            ErrorCode code, String message, long first, long count, @Nullable HoldfastException cause) {
        super(code, message, cause);
        this.first = first;
        this.count = count;
    }

    /** Returns the first block of the range: the one that was asked for. */
    public long first() {
        return first;
    }

    /** Returns of how many blocks nothing is known, from {@link #first} on. */
    public long count() {
        return count;
    }

    /** Returns the same error for the first {@code blocks} blocks of its range. */
    UnreadableRangeException ofBlocks(long blocks) {
        return blocks == count
                ? this
                : new UnreadableRangeException(code(), String.valueOf(getMessage()), first, blocks, this);
    }
}
