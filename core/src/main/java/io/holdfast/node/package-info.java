/** Metadata blocks: read and verified, cached, written. The B-tree and the block maps are made of them. */
@NullMarked
package io.holdfast.node;

import org.jspecify.annotations.NullMarked;
