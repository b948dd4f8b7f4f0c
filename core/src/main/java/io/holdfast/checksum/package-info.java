/** The checksum algorithms a volume may be formatted with. */
@NullMarked
package io.holdfast.checksum;

import org.jspecify.annotations.NullMarked;
