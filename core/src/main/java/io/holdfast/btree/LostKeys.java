package io.holdfast.btree;

import io.holdfast.format.BlockPointer;
import org.jspecify.annotations.Nullable;

/**
 * A range of keys of which nobody knows the items, as long as the node that has them cannot be read.
 *
 * @param node the one that could not be read; it stays allocated, and all below it
 * @param level of the node; a leaf has level 0
 * @param low first key of the range
 * @param high first key behind it; null if there is none
 */
public record LostKeys(BlockPointer node, int level, byte[] low, byte @Nullable [] high) {}
