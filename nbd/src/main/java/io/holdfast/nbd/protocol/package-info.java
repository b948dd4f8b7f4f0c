/** The wire format: numbers, headers and their codecs, as in the NBD protocol document. Nothing in here does I/O. */
@NullMarked
package io.holdfast.nbd.protocol;

import org.jspecify.annotations.NullMarked;
