/** The copy-on-write B+tree that a checkpoint keeps the volume's items in. */
@NullMarked
package io.holdfast.btree;

import org.jspecify.annotations.NullMarked;
