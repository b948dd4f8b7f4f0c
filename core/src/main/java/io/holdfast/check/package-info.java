/** The full check of a volume: structures, reachability against the space map, every data checksum. */
@NullMarked
package io.holdfast.check;

import org.jspecify.annotations.NullMarked;
