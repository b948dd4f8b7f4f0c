/** Output to the terminal: sizes, tables, JSON, progress. */
@NullMarked
package io.holdfast.cli.text;

import org.jspecify.annotations.NullMarked;
