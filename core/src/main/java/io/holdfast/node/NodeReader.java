package io.holdfast.node;

import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.format.BlockPointer;
import org.jspecify.annotations.Nullable;

/** Reads metadata blocks, verified against the checksum their parent keeps. Thread-safe. */
public interface NodeReader {
    /**
     * Returns the content of a metadata block: 4096 bytes that nobody may change (they may be shared by a cache).
     *
     * @param structure what is expected there, for messages: {@code "tree node"}, {@code "map node"}
     * @throws HoldfastException {@code DAMAGED} naming structure and block if it does not match; {@code DEVICE_ERROR}
     */
    byte[] read(BlockPointer pointer, String structure) throws HoldfastException;

    /** Names what may be read next. */
    interface Following {
        /** Nothing is known. */
        Following NONE = k -> null;

        /** Returns what comes {@code k} places behind the block that is read, {@code k > 0}, or null if nothing does. */
        @Nullable
        BlockPointer at(int k);
    }

    /**
     * Copies a part of a metadata block to the beginning of {@code into}. May bring blocks that follow into memory if they lie behind it on the device.
     *
     * @param following what may be read next
     * @param certain they will be read; else only what there is room for is brought
     * @param from first byte of the part
     * @throws HoldfastException as {@link #read}
     */
    default void copy(
            BlockPointer pointer,
            String structure,
            Following following,
            boolean certain,
            int from,
            byte[] into,
            int length)
            throws HoldfastException {
        System.arraycopy(read(pointer, structure), from, into, 0, length);
    }

    /** Copies a part of a metadata block to the beginning of {@code into} if it is in memory; returns false if not. */
    default boolean peek(BlockPointer pointer, int from, byte[] into, int length) {
        return false;
    }

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
