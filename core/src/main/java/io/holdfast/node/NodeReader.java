package io.holdfast.node;

import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.format.BlockPointer;
import org.jspecify.annotations.Nullable;

/** Reads metadata blocks and verifies them against the checksum in their parent. Thread-safe. */
public interface NodeReader {
    /**
     * Returns the content of a metadata block: 4096 bytes that nobody may change (they may be shared by a cache).
     *
     * @param structure the expected structure, for messages: {@code "tree node"}, {@code "map node"}
     * @throws HoldfastException {@code DAMAGED} with structure and block if the checksum does not match; {@code
     *     DEVICE_ERROR}
     */
    byte[] read(BlockPointer pointer, String structure) throws HoldfastException;

    /** Names the blocks that may be read next. */
    interface Following {
        /** Nothing is known. */
        Following NONE = k -> null;

        /** Returns the block that may be read {@code k} after the present one, {@code k > 0}, or null. */
        @Nullable
        BlockPointer at(int k);

        /**
         * Returns whether these blocks will be read; null then stands for one that will not. Others are read ahead only as far
         * as there is room for them.
         */
        default boolean isCertain() {
            return false;
        }

        /** Returns these blocks as ones that will be read. */
        static Following certain(Following blocks) {
            return new Following() {
                @Override
                public @Nullable BlockPointer at(int k) {
                    return blocks.at(k);
                }

                @Override
                public boolean isCertain() {
                    return true;
                }
            };
        }
    }

    /**
     * Copies a part of a metadata block to the beginning of {@code into}. May read following blocks ahead if they lie
     * behind it on the device.
     *
     * @param following the blocks that may be read next
     * @param from first byte of the part
     * @throws HoldfastException as {@link #read}
     */
    default void copy(BlockPointer pointer, String structure, Following following, int from, byte[] into, int length)
            throws HoldfastException {
        System.arraycopy(read(pointer, structure), from, into, 0, length);
    }

    /** Copies a part of a metadata block to the beginning of {@code into} if it is in memory; returns false if not. */
    default boolean peek(BlockPointer pointer, int from, byte[] into, int length) {
        return false;
    }

    /**
     * Returns a reader that never reads the device: it throws {@code WOULD_BLOCK} for a node that is not in memory. The
     * default keeps none in memory.
     */
    default NodeReader inMemory() {
        return (pointer, structure) -> {
            throw new WouldBlockException(structure + " is not in memory");
        };
    }
}
