package io.holdfast.nbd;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.util.Optional;

/** Sockets that listened before the server began, as a service manager hands them over. The server binds no such address. */
@FunctionalInterface
public interface ListeningSockets {
    ListeningSockets NONE = _ -> Optional.empty();

    /**
     * Returns a new channel to the socket that listens at an address; empty if there is none. Closing the channel leaves the socket,
     * and the file of a unix socket, as they are.
     */
    Optional<ServerSocketChannel> at(NbdAddress address) throws IOException;
}
