/** Write log, copy-on-write trees, space map and checkpoint: how the state of a volume is kept on a device. */
@NullMarked
package io.holdfast.storage;

import org.jspecify.annotations.NullMarked;
