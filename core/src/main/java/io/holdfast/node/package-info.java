/** Metadata blocks, of which the B-tree and the block maps consist: reading with verification, caching, writing. */
@NullMarked
package io.holdfast.node;

import org.jspecify.annotations.NullMarked;
