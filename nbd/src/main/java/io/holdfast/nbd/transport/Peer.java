package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import jdk.net.ExtendedSocketOptions;

/** What Java tells of the other end of a unix socket. */
public final class Peer {
    private Peer() {}

    /** Returns the name of the user that, by the system's word, the peer ran as when it connected. */
    public static Optional<String> user(SocketChannel socket) {
        try {
            return Optional.of(
                    socket.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName());
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }
}
