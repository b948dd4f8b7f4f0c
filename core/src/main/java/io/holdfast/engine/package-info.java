/**
 * Puts the layers together: formats, opens, checks and closes a volume. This package is on top of everything; doors
 * start at {@link io.holdfast.engine.Volumes}.
 */
@NullMarked
package io.holdfast.engine;

import org.jspecify.annotations.NullMarked;
