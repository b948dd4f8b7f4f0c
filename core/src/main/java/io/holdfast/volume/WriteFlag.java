package io.holdfast.volume;

/**
 * How to do a write. Without a flag a write is buffered: the page cache takes a copy, which goes to the device later. A
 * long one of whole blocks goes to the device at once.
 */
public enum WriteFlag {
    /**
     * The data is written to the device (not flushed) when the call returns, and does not stay in the cache. On a
     * checksummed file the engine first takes a stable private copy (as Linux btrfs does since 6.15, commit
     * 968f19c5b1b7). On a file without checksums the device reads straight from the caller's memory, if that is native
     * and offset, length and address are multiples of 4096.
     */
    DIRECT,
    /**
     * Throw {@code WOULD_BLOCK} in place of waiting for memory, I/O or a lock, and in place of a copy that {@link
     * #DIRECT} would need. Always throws together with {@link #FUA}.
     */
    NOWAIT,
    /** The write is durable on the medium when the call returns (force unit access). */
    FUA
}
