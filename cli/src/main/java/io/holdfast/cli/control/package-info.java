/** The control socket: the volume's operations over length-prefixed JSON, for commands on a volume that is being served. */
@NullMarked
package io.holdfast.cli.control;

import org.jspecify.annotations.NullMarked;
