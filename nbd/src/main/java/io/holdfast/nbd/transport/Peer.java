package io.holdfast.nbd.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;

/** Describes the other end of a connection in words. */
public final class Peer {
    private Peer() {}

    /**
     * Returns {@code client}, the client's name in the log; for a unix socket also the user that, by the system's word,
     * it runs as.
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
