/** The on-disk structures and nothing else: layouts, encoding, and the checks before a byte is believed. */
@NullMarked
package io.holdfast.format;

import org.jspecify.annotations.NullMarked;
