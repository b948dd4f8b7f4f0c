package io.holdfast.node;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;

/** Takes the new and the dead metadata blocks of one checkpoint. Used by one thread. */
public interface NodeWriter {
    /** Writes a node of 4096 bytes to a free block. The array is copied. */
    BlockPointer write(byte[] node) throws HoldfastException;

    /** Says that nothing points to the node any more; it is freed when the checkpoint is durable. */
    void free(BlockPointer pointer) throws HoldfastException;
}
