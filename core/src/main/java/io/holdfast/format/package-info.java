/** The on-disk structures and nothing else: layouts, encoding, and the checks of decoded bytes. */
@NullMarked
package io.holdfast.format;

import org.jspecify.annotations.NullMarked;
