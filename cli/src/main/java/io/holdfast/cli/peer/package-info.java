/** Servers and clients of NBD that others run: the client that reads from them. */
@NullMarked
package io.holdfast.cli.peer;

import org.jspecify.annotations.NullMarked;
