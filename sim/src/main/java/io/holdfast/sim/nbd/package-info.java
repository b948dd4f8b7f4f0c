/** The NBD door in a simulation: its server, connections that stall and break, and the client's half of the protocol. */
@NullMarked
package io.holdfast.sim.nbd;

import org.jspecify.annotations.NullMarked;
