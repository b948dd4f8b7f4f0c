/** Threads and time: how the engine starts threads, waits, and lets others help. */
@NullMarked
package io.holdfast.concurrent;

import org.jspecify.annotations.NullMarked;
