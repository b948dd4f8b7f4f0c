/**
 * The NBD door: serves the regular files of a volume as block devices over unix sockets and TCP. Start at
 * {@link io.holdfast.nbd.NbdServer}. The packages below this one are internal.
 */
@NullMarked
package io.holdfast.nbd;

import org.jspecify.annotations.NullMarked;
