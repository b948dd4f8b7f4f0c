/** The client of most scenarios: options for fio, and its output. */
@NullMarked
package io.holdfast.bench.fio;

import org.jspecify.annotations.NullMarked;
