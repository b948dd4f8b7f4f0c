/** The volume's items: the metadata tree of the last checkpoint, and the changes since then on top. */
@NullMarked
package io.holdfast.metadata;

import org.jspecify.annotations.NullMarked;
