/** Threads and time: starting threads, waiting, and helper threads. */
@NullMarked
package io.holdfast.concurrent;

import org.jspecify.annotations.NullMarked;
