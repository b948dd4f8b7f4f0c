package io.holdfast.storage;

import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;

/** Reads metadata blocks, verified against the checksum their parent keeps. Thread-safe. */
public interface NodeReader {
    /**
     * Returns the content of a metadata block: 4096 bytes that nobody may change (they may be shared by a cache).
     *
     * @param structure what is expected there, for messages: {@code "tree node"}, {@code "map node"}
     * @throws HoldfastException {@code DAMAGED} naming structure and block if it does not match; {@code DEVICE_ERROR}
     */
    byte[] read(BlockPointer pointer, String structure) throws HoldfastException;

    /**
     * Returns a reader of what is in memory only: it throws {@code WOULD_BLOCK} for everything else. This one keeps
     * nothing in memory.
     */
    default NodeReader inMemory() {
        return (pointer, structure) -> {
            throw new WouldBlockException(structure + " is not in memory");
        };
    }
}
