/** The engine's view of its device: the one place that reads blocks and decides which of them are good. */
@NullMarked
package io.holdfast.store;

import org.jspecify.annotations.NullMarked;
