package io.holdfast.cli.copy;

import java.util.List;

/**
 * What a copy did.
 *
 * @param size bytes of the file
 * @param written bytes of it that are not in a hole
 * @param unreadable places that could not be read and are zero in the copy, at most {@link #LISTED_MAX} of them
 * @param unreadableBytes total size of all unreadable places
 */
public record CopyResult(long size, long written, long nanos, List<String> unreadable, long unreadableBytes) {
    /** At most this many unreadable places are listed. */
    public static final int LISTED_MAX = 100;
}
