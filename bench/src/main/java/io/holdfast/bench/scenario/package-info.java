/** The scenarios and their goals. */
@NullMarked
package io.holdfast.bench.scenario;

import org.jspecify.annotations.NullMarked;
