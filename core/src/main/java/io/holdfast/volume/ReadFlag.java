package io.holdfast.volume;

/** How to do a read. */
public enum ReadFlag {
    /** Do not leave the data in the page cache. */
    DIRECT,
    /** Throw {@code WOULD_BLOCK} if the data is not in memory, or if another call has the layout of the file locked. */
    NOWAIT
}
