/** The table in docs/PERFORMANCE.md and the raw results. */
@NullMarked
package io.holdfast.bench.report;

import org.jspecify.annotations.NullMarked;
