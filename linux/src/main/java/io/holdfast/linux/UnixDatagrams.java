package io.holdfast.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Sends datagrams to one unix socket, which Java's own sockets cannot. Any thread may send.
 *
 * <p>Invariant: sending never waits for the receiver.
 */
public final class UnixDatagrams implements AutoCloseable {
    private final int socket;
    private final byte[] path;

    private UnixDatagrams(int socket, byte[] path) {
        this.socket = socket;
        this.path = path;
    }

    /**
     * Makes a sender.
     *
     * @param address an absolute path, or {@code @} and the name of an abstract socket
     * @return empty where the system cannot be called (another system than Linux, no native access)
     * @throws IOException if the address cannot be one, or no descriptor is free
     */
    public static Optional<UnixDatagrams> to(String address) throws IOException {
        byte[] path = address.getBytes(StandardCharsets.UTF_8);
        if (path.length < 2 || (path[0] != '/' && path[0] != '@')) {
            throw new IOException("'" + address + "' is neither an absolute path nor an abstract socket");
        }
        if (path.length >= NativeSockets.UNIX_PATH_BYTES_MAX) {
            throw new IOException("'" + address + "' is longer than the address of a socket may be");
        }
        if (path[0] == '@') {
            path[0] = 0;
        }
        return Native.call(() -> new UnixDatagrams(NativeSockets.datagramSocket(), path));
    }

    /**
     * Sends one datagram.
     *
     * @throws IOException if nobody receives there, or the receiver's queue is full
     */
    public void send(String message) throws IOException {
        NativeSockets.send(socket, path, message.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
        NativeSyscalls.INSTANCE.close(socket);
    }
}
