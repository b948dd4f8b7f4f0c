/** The engine's error codes: one exception type, distinct codes, each with a place and an advice. */
@NullMarked
package io.holdfast.error;

import org.jspecify.annotations.NullMarked;
