/** Where blocks are stored: the interface to one device, its buffers, and the implementation on files. */
@NullMarked
package io.holdfast.device;

import org.jspecify.annotations.NullMarked;
