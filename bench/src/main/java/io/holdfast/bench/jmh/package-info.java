/** JMH benchmarks of hot inner parts: {@code ./dev bench --jmh [PATTERN]}. */
@NullMarked
package io.holdfast.bench.jmh;

import org.jspecify.annotations.NullMarked;
