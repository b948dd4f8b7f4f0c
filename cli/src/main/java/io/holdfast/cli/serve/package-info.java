/** The serving process: start, doors, control socket, bounded stop. */
@NullMarked
package io.holdfast.cli.serve;

import org.jspecify.annotations.NullMarked;
