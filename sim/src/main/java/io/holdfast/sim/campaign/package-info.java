/** Many simulations: workers on all cores, sums over their results, and the shrinking of a failing one. */
@NullMarked
package io.holdfast.sim.campaign;

import org.jspecify.annotations.NullMarked;
