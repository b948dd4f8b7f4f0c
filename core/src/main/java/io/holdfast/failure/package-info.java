/** What happens when the device fails or the file system below it is full. */
@NullMarked
package io.holdfast.failure;

import org.jspecify.annotations.NullMarked;
