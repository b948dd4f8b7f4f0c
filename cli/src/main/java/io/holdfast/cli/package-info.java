/** The {@code holdfast} command: its entry point, exit codes and error reports. */
@NullMarked
package io.holdfast.cli;

import org.jspecify.annotations.NullMarked;
