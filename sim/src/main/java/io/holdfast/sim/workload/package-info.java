/** Clients that use one volume at the same time and know what they must find. */
@NullMarked
package io.holdfast.sim.workload;

import org.jspecify.annotations.NullMarked;
