/** The client of most scenarios: what fio is told, and what it said. */
@NullMarked
package io.holdfast.bench.fio;

import org.jspecify.annotations.NullMarked;
