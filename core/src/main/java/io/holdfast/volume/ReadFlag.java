package io.holdfast.volume;

/** How a read is to be done. */
public enum ReadFlag {
    /** Do not leave the data in the page cache. */
    DIRECT,
    /** Throw {@code WOULD_BLOCK} if the data is not in memory. */
    NOWAIT
}
