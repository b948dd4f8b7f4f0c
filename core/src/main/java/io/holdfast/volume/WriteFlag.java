package io.holdfast.volume;

/** How a write is to be done. Without any flag it is buffered: copied into the page cache and written later. */
public enum WriteFlag {
    /**
     * Written to the device (not flushed) when the call returns, and not left in the cache. On a checksummed file the
     * engine first takes a stable private copy (as Linux btrfs does since 6.15, commit 968f19c5b1b7); on a file
     * without checksums, if the memory is native and offset, length and address are multiples of 4096, the device
     * reads straight from the caller's memory.
     */
    DIRECT,
    /** Throw {@code WOULD_BLOCK} in place of waiting for memory, I/O or a lock, or of falling back to a copy. */
    NOWAIT,
    /** Durable on the medium when the call returns (force unit access). */
    FUA
}
