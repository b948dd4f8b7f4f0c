/** Simulated disks: what is on the medium, what is in the volatile cache, and what went wrong. */
@NullMarked
package io.holdfast.sim.disk;

import org.jspecify.annotations.NullMarked;
