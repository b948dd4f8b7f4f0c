/** Simulated disks: the medium, the volatile cache, and the faults. */
@NullMarked
package io.holdfast.sim.disk;

import org.jspecify.annotations.NullMarked;
