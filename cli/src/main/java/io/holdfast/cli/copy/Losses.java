package io.holdfast.cli.copy;

import java.util.List;

/**
 * What a copy could not read.
 *
 * @param listed the first {@link #LISTED_MAX} ranges, in ascending order
 * @param ranges how many there are in all
 * @param bytes in all of them
 */
public record Losses(List<Loss> listed, long ranges, long bytes) {
    /** At most this many ranges are listed. */
    public static final int LISTED_MAX = 100;

    /** Nothing is lost. */
    public static final Losses NONE = new Losses(List.of(), 0, 0);

    /** Returns whether everything could be read. */
    public boolean isEmpty() {
        return ranges == 0;
    }
}
