/** Named places and switches in the engine for the simulator; none of them has an effect in production. */
@NullMarked
package io.holdfast.inject;

import org.jspecify.annotations.NullMarked;
