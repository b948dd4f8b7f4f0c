/** Sockets, TLS and listening: bytes in and out, nothing of NBD. */
@NullMarked
package io.holdfast.nbd.transport;

import org.jspecify.annotations.NullMarked;
