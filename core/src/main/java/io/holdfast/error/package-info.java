/** The engine's error codes: one exception type, distinct codes, and messages with a place and advice. */
@NullMarked
package io.holdfast.error;

import org.jspecify.annotations.NullMarked;
