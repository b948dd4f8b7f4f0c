/** What the program says on standard error while it runs: one line an event, limited in rate. */
@NullMarked
package io.holdfast.cli.log;

import org.jspecify.annotations.NullMarked;
