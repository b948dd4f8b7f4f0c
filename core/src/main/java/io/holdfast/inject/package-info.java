/** Named places and switches in the engine for the simulator; nothing of it is there in production. */
@NullMarked
package io.holdfast.inject;

import org.jspecify.annotations.NullMarked;
