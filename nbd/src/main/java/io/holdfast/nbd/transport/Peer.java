package io.holdfast.nbd.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;

/** Who is at the other end of a connection, in words. */
public final class Peer {
    private Peer() {}

    /**
     * Returns {@code client}, as the log calls it, and for a unix socket the user that the system says the client runs as.
     */
    public static String describe(SocketChannel socket, String client) {
        try {
            if (socket.getRemoteAddress() instanceof InetSocketAddress) {
                return client;
            }
            var credentials = socket.getOption(ExtendedSocketOptions.SO_PEERCRED);
            return client + ", which runs as user " + credentials.user().getName();
        } catch (IOException | UnsupportedOperationException e) {
            return client;
        }
    }
}
