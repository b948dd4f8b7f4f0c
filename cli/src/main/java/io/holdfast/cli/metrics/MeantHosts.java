package io.holdfast.cli.metrics;

import java.net.InetAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which hosts a request may be for. A web page can have a name of its own that leads to 127.0.0.1, and then read what a server
 * of this machine says to its own visitor. So a server at a loopback address answers to literal addresses and to {@code localhost}. One that
 * others can reach has no such secret, and is asked for by any name. No browser reaches a unix socket.
 *
 * @param bound where the server listens; empty at a unix socket
 */
record MeantHosts(Optional<InetAddress> bound) {
    /**
     * Returns whether a request with this header is answered.
     *
     * @param header with or without a port; null for a client of HTTP/1.0, which no browser is
     */
    boolean isMeant(@Nullable String header) {
        if (header == null || bound.isEmpty() || !bound.get().isLoopbackAddress()) {
            return true;
        }
        String host = withoutPort(header);
        if (host.equalsIgnoreCase("localhost")) {
            return true;
        }
        try {
            InetAddress literal = InetAddress.ofLiteral(host);
            return literal.isLoopbackAddress() || literal.equals(bound.get());
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static String withoutPort(String header) {
        if (header.startsWith("[")) {
            int close = header.indexOf(']');
            return close < 0 ? header : header.substring(1, close);
        }
        int colon = header.indexOf(':');
        return colon < 0 ? header : header.substring(0, colon);
    }
}
