/** The log of the program on standard error: one line an event, limited in rate. */
@NullMarked
package io.holdfast.cli.log;

import org.jspecify.annotations.NullMarked;
