/** The engine's public API as a program under measurement. */
@NullMarked
package io.holdfast.bench.library;

import org.jspecify.annotations.NullMarked;
