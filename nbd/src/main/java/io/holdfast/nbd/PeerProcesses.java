package io.holdfast.nbd;

import java.nio.channels.SocketChannel;
import java.util.Optional;

/** Finds out which process is at the other end of a unix socket. Java's own sockets tell the user alone. */
@FunctionalInterface
public interface PeerProcesses {
    /** Knows nothing. */
    PeerProcesses NONE = _ -> Optional.empty();

    /** Returns the process that connected; empty if that cannot be found out, or the socket is none of unix. Never waits. */
    Optional<PeerProcess> at(SocketChannel socket);

    /**
     * A process as the system knew it when it connected.
     *
     * @param pid its number; 0 if it is in a process namespace that the server does not see
     * @param uid of its user
     * @param gid of its group
     */
    record PeerProcess(long pid, long uid, long gid) {}
}
