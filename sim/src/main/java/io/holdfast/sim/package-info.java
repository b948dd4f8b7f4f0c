/**
 * The deterministic simulator: the real engine on simulated disks, in virtual time, on virtual threads whose order a
 * seed decides. docs/HACKING.md says how to use it.
 */
@NullMarked
package io.holdfast.sim;

import org.jspecify.annotations.NullMarked;
