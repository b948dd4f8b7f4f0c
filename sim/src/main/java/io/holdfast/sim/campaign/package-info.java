/** Many simulations: workers on all cores, what they add up to, and what is left of a failing one after shrinking. */
@NullMarked
package io.holdfast.sim.campaign;

import org.jspecify.annotations.NullMarked;
