/** The layers put together: formatting, opening, checking and closing a volume. On top of everything; doors start at {@link io.holdfast.engine.Volumes}. */
@NullMarked
package io.holdfast.engine;

import org.jspecify.annotations.NullMarked;
