package io.holdfast.cli.copy;

import java.util.List;

/**
 * What a copy did.
 *
 * @param size bytes of the file
 * @param written bytes of it that were not a hole
 * @param unreadable places that could not be read and are zero in the copy, at most {@link #LISTED_MAX} of them
 * @param unreadableBytes how much that is in all
 */
public record CopyResult(long size, long written, long nanos, List<String> unreadable, long unreadableBytes) {
    /** No more unreadable places than this are listed. */
    public static final int LISTED_MAX = 100;
}
