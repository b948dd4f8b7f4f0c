package io.holdfast.nbd;

import java.nio.file.Path;

/** Where the server listens. */
public sealed interface NbdAddress {
    /** The port IANA reserved for NBD. */
    int DEFAULT_PORT = 10809;

    /**
     * Parses {@code unix:/path/to/socket} or {@code tcp:HOST:PORT}. An IPv6 address stands in brackets; port 0 takes a
     * free one; without a port it is {@link #DEFAULT_PORT}.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    static NbdAddress parse(String text) {
        if (text.startsWith("unix:") && text.length() > 5) {
            return new Unix(Path.of(text.substring(5)));
        }
        if (text.startsWith("tcp:") && text.length() > 4) {
            return parseTcp(text, text.substring(4));
        }
        throw new IllegalArgumentException(
                "'" + text + "' is not an address: use unix:/path/to/socket or tcp:HOST:PORT");
    }

    private static NbdAddress parseTcp(String text, String rest) {
        int bracket = rest.startsWith("[") ? rest.indexOf(']') : -1;
        int colon = rest.indexOf(':', Math.max(bracket, 0));
        String host = colon < 0 ? rest : rest.substring(0, colon);
        if (rest.startsWith("[")) {
            boolean closed = bracket > 1 && (colon == bracket + 1 || (colon < 0 && bracket == rest.length() - 1));
            host = closed ? rest.substring(1, bracket) : "";
        }
        if (colon < 0 && rest.matches("[0-9]+")) {
            throw new IllegalArgumentException(
                    "'" + text + "' has a port and no host: use tcp:HOST:PORT, as in tcp:127.0.0.1:" + rest
                            + ", or tcp:0.0.0.0:" + rest + " for all networks of this machine");
        }
        if (host.isEmpty() || (colon >= 0 && rest.indexOf(':', colon + 1) >= 0)) {
            throw new IllegalArgumentException("'" + text
                    + "' is not an address: use tcp:HOST:PORT, an IPv6 address in brackets: tcp:[::1]:10809");
        }
        return new Tcp(host, colon < 0 ? DEFAULT_PORT : parsePort(text, rest.substring(colon + 1)));
    }

    private static int parsePort(String text, String port) {
        try {
            int number = Integer.parseInt(port);
            if (number >= 0 && number <= 65535) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported below, like a number out of range.
        }
        throw new IllegalArgumentException("'" + text + "': the port must be a number from 0 to 65535");
    }

    /** A unix socket. Its file is made with {@link SocketMode} and removed when the server stops. */
    record Unix(Path path) implements NbdAddress {
        @Override
        public String toString() {
            return "unix:" + path;
        }
    }

    /** A TCP port. {@code host} is a name or a literal address, an IPv6 one without brackets. */
    record Tcp(String host, int port) implements NbdAddress {
        @Override
        public String toString() {
            return "tcp:" + hostAndPort();
        }

        /** Returns the two as a URI has them. */
        public String hostAndPort() {
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }
}
