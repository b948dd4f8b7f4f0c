/** Background work of a volume: its jobs, how fast each may go, and how they make way for clients. */
@NullMarked
package io.holdfast.background;

import org.jspecify.annotations.NullMarked;
