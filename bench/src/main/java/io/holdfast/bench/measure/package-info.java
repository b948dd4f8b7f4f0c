/** Statistics of repeated measurements. */
@NullMarked
package io.holdfast.bench.measure;

import org.jspecify.annotations.NullMarked;
