/** Space: the allocator in memory, its promises, and the space map on the device. */
@NullMarked
package io.holdfast.space;

import org.jspecify.annotations.NullMarked;
