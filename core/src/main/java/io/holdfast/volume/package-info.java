/**
 * The engine's only public API: {@link io.holdfast.volume.Volume} and what can be reached from it. Doors (NBD, FUSE,
 * the command) use this package and {@link io.holdfast.error}, nothing below.
 */
@NullMarked
package io.holdfast.volume;

import org.jspecify.annotations.NullMarked;
