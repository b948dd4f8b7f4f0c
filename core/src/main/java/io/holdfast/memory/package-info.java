/** Who may take how much of a volume's memory. */
@NullMarked
package io.holdfast.memory;

import org.jspecify.annotations.NullMarked;
