package io.holdfast.nbd.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;

/** Who is at the other end of a connection, in words. */
public final class Peer {
    private Peer() {}

    /** Returns address and port, or of a unix socket's peer the user that the system says it runs as. */
    public static String describe(SocketChannel socket) {
        try {
            SocketAddress remote = socket.getRemoteAddress();
            if (remote instanceof InetSocketAddress inet) {
                String host = inet.getAddress().getHostAddress();
                return (host.contains(":") ? "[" + host + "]" : host) + ":" + inet.getPort();
            }
            var credentials = socket.getOption(ExtendedSocketOptions.SO_PEERCRED);
            return "a process of user " + credentials.user().getName();
        } catch (IOException | UnsupportedOperationException e) {
            return "a client that has left";
        }
    }
}
