/** Which blocks are in use: the allocator in memory, the promises made, and the space map on the device. */
@NullMarked
package io.holdfast.space;

import org.jspecify.annotations.NullMarked;
