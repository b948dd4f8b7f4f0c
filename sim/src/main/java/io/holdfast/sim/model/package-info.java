/** The model of what the volume must hold: files, names and their durability, kept independently of the engine. */
@NullMarked
package io.holdfast.sim.model;

import org.jspecify.annotations.NullMarked;
