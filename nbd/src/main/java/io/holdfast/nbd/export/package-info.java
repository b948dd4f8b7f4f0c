/** Which files of the volume are exports, and under which names. */
@NullMarked
package io.holdfast.nbd.export;

import org.jspecify.annotations.NullMarked;
