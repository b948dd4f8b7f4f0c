/** Virtual threads on one carrier, in an order that a seed decides, in virtual time. */
@NullMarked
package io.holdfast.sim.schedule;

import org.jspecify.annotations.NullMarked;
