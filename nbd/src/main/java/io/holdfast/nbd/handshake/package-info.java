/** Fixed newstyle negotiation, from the greeting to the chosen export. */
@NullMarked
package io.holdfast.nbd.handshake;

import org.jspecify.annotations.NullMarked;
