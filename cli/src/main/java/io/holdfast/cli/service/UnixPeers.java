package io.holdfast.cli.service;

import io.holdfast.linux.PeerCredentials;
import io.holdfast.nbd.PeerProcesses;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/** Finds the processes at the other end of unix sockets, by Linux's own call. */
public final class UnixPeers implements PeerProcesses {
    @Override
    public Optional<PeerProcess> at(SocketChannel socket) {
        try {
            return PeerCredentials.of(socket)
                    .map(peer -> new PeerProcess(
                            peer.pid(), Integer.toUnsignedLong(peer.uid()), Integer.toUnsignedLong(peer.gid())));
        } catch (IOException e) {
            return Optional.empty(); // The client has left already; its session finds that out.
        }
    }
}
