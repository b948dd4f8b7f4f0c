/** What the volume must hold: files, names and their durability, kept beside the engine. */
@NullMarked
package io.holdfast.sim.model;

import org.jspecify.annotations.NullMarked;
