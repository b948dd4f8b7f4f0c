package io.holdfast.cli.metrics;

import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.SocketMode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * Where a server answers over HTTP.
 *
 * @param mode of a unix socket
 */
public record HttpAddress(NbdAddress listen, SocketMode mode) {
    /** Returns the address as a URI; of a unix socket as many clients have it, with the path in the place of the host. */
    public String uri() {
        return switch (listen) {
            case NbdAddress.Unix unix ->
                "http+unix://"
                        + URLEncoder.encode(unix.path().toString(), StandardCharsets.UTF_8)
                                .replace("+", "%20");
            case NbdAddress.Tcp tcp -> "http://" + tcp.hostAndPort();
        };
    }

    /** Returns what to tell people of a page there. */
    public String shown(String page) {
        return listen instanceof NbdAddress.Unix ? page + " at " + listen : uri() + page;
    }
}
