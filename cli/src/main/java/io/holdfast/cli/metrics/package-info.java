/** What a server tells its operator in numbers: gathered, and written as OpenMetrics. */
@NullMarked
package io.holdfast.cli.metrics;

import org.jspecify.annotations.NullMarked;
