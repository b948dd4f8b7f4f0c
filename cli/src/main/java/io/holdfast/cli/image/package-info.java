/** Disk images of other programs and compressed ones: what they are, how they become plain bytes, and how they are written. */
@NullMarked
package io.holdfast.cli.image;

import org.jspecify.annotations.NullMarked;
