package io.holdfast.nbd;

import io.holdfast.nbd.PeerProcesses.PeerProcess;
import io.holdfast.nbd.transport.Peer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/** Finds out who has connected, from the socket alone. */
final class Caller {
    private Caller() {}

    /**
     * Describes the client of a connection. Connections with the same identity count as one client: those of a process at a
     * unix socket, and those from one address by TCP, which tells no more.
     */
    static NbdSessions.Client of(SocketChannel socket, NbdAddress at, long number, PeerProcesses peers)
            throws IOException {
        if (socket.getRemoteAddress() instanceof InetSocketAddress peer) {
            String from = peer.getHostString() + ":" + peer.getPort();
            String host = peer.getAddress() == null
                    ? peer.getHostString()
                    : peer.getAddress().getHostAddress();
            return new NbdSessions.Client(from, from, host, at.toString(), from, Optional.empty());
        }
        String name = number + " at " + at;
        Optional<PeerProcess> process = peers.at(socket);
        Optional<String> user = Peer.user(socket);
        String identity = process.map(
                        found -> found.pid() > 0 ? "process " + found.pid() : NbdSessions.Client.BY_USER + found.uid())
                .orElse(NbdSessions.Client.BY_USER + user.orElse(""));
        String description = name
                + process.filter(found -> found.pid() > 0)
                        .map(found -> ", process " + found.pid())
                        .orElse("")
                + user.map(found -> ", which runs as user " + found).orElse("");
        return new NbdSessions.Client(name, description, identity, at.toString(), "", process);
    }
}
