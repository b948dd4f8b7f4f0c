/** How a command opens a volume: in this process, or through the process that holds it. */
@NullMarked
package io.holdfast.cli.access;

import org.jspecify.annotations.NullMarked;
