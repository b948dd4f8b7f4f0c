/** What is measured about them, and the goals. */
@NullMarked
package io.holdfast.bench.scenario;

import org.jspecify.annotations.NullMarked;
