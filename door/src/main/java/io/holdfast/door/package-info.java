/**
 * What every door needs, whatever protocol it speaks: accepting clients in spite of limits, memory for payloads, how much of a
 * client may be under way, and what a client that is gone may still change.
 */
@NullMarked
package io.holdfast.door;

import org.jspecify.annotations.NullMarked;
