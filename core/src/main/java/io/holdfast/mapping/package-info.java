/** A file's block map: what is where. The tree of the last checkpoint with the changes since then on top. */
@NullMarked
package io.holdfast.mapping;

import org.jspecify.annotations.NullMarked;
