/** Copies what is left of a damaged volume into a directory of the host. */
@NullMarked
package io.holdfast.cli.rescue;

import org.jspecify.annotations.NullMarked;
