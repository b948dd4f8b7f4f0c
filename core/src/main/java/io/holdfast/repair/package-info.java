/** Mends what needs no second copy: decides from what a check has found, and corrects it in one checkpoint. */
@NullMarked
package io.holdfast.repair;

import org.jspecify.annotations.NullMarked;
