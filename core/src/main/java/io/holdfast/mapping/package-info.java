/** A file's block map: the tree of the last checkpoint, and the changes since then on top. */
@NullMarked
package io.holdfast.mapping;

import org.jspecify.annotations.NullMarked;
