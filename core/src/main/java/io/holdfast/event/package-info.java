/** Events for a recording of Java Flight Recorder. Who makes one when nobody records pays for a look at a flag. */
@NullMarked
package io.holdfast.event;

import org.jspecify.annotations.NullMarked;
