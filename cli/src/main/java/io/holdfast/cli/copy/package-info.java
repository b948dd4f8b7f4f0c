/** Import and export of whole files, holes kept. */
@NullMarked
package io.holdfast.cli.copy;

import org.jspecify.annotations.NullMarked;
