/** The benchmark harness, {@code ./dev bench} and {@code ./dev profile}. */
@NullMarked
package io.holdfast.bench;

import org.jspecify.annotations.NullMarked;
