/** The transmission phase: requests in, commands run, replies out, everything bounded. */
@NullMarked
package io.holdfast.nbd.transmission;

import org.jspecify.annotations.NullMarked;
