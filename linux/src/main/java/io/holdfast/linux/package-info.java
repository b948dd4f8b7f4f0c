/** File I/O by Linux's io_uring, through Java's foreign functions alone. */
@NullMarked
package io.holdfast.linux;

import org.jspecify.annotations.NullMarked;
