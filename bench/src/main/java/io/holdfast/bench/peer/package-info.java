/** The measured systems: Holdfast and its alternatives. */
@NullMarked
package io.holdfast.bench.peer;

import org.jspecify.annotations.NullMarked;
