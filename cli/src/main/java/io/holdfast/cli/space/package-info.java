/** How full a volume is, and what it lies on. */
@NullMarked
package io.holdfast.cli.space;

import org.jspecify.annotations.NullMarked;
