/** The demonstration: writers, a kill, and the proof that nothing flushed was lost. */
@NullMarked
package io.holdfast.cli.demo;

import org.jspecify.annotations.NullMarked;
