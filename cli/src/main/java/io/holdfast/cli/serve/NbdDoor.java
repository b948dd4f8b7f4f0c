package io.holdfast.cli.serve;

import io.holdfast.cli.metrics.ServerReadings;
import io.holdfast.nbd.ListeningSockets;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdClientStatus;
import io.holdfast.nbd.NbdExport;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.NbdServer;
import io.holdfast.nbd.NbdSessions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The NBD server as this process runs it. */
final class NbdDoor implements AutoCloseable {
    /** Requests in flight get this long to end when the server stops. */
    private static final Duration STOP_MAX = Duration.ofSeconds(3);

    /** More than a client has that takes its last replies. */
    private static final Duration DISCONNECT_MAX = Duration.ofSeconds(12);

    private final NbdServer server;

    private final NbdOptions options;
    private final ListeningSockets sockets;

    private NbdDoor(NbdServer server, NbdOptions options, ListeningSockets sockets) {
        this.server = server;
        this.options = options;
        this.sockets = sockets;
    }

    static NbdDoor open(Volume volume, List<NbdAddress> addresses, NbdOptions options, ListeningSockets sockets)
            throws IOException {
        return new NbdDoor(NbdServer.start(volume, addresses, sockets, options), options, sockets);
    }

    /** Returns what the clients have done. */
    ServerReadings.Doors readings() {
        return new ServerReadings.Doors(
                server.metrics(), options.connectionsMax(), server.payloadBytesHeld(), options.bytesMax());
    }

    /** Returns whether clients are taken at every address. */
    boolean accepts() {
        return server.accepts();
    }

    /** Cuts off all clients: they get no reply any more. */
    void cutOff() {
        server.cutOff();
    }

    /** Closes this, and serves another volume at the same addresses. */
    NbdDoor moveTo(Volume volume) throws IOException {
        List<NbdAddress> addresses = server.addresses();
        close();
        return new NbdDoor(NbdServer.start(volume, addresses, sockets, options, server.lastNumber()), options, sockets);
    }

    List<String> addresses() {
        return server.addresses().stream().map(NbdAddress::toString).toList();
    }

    /** Returns the exports of the list; none if every file is one. */
    List<NbdExport> exports() {
        return options.access().exports();
    }

    List<String> uris(NbdExport export) {
        return server.uris(export);
    }

    List<NbdClientStatus> clients() {
        return server.clients();
    }

    /** Ends a client in order; waits for it for some seconds. */
    Optional<NbdSessions.Disconnected> disconnect(long client) {
        try {
            return server.disconnect(client, DISCONNECT_MAX);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    List<String> uris(String exportPath) {
        return server.uris(exportPath);
    }

    Optional<String> whyNotServed(String exportPath) {
        return server.whyNotServed(exportPath);
    }

    @Override
    public void close() {
        server.stop(STOP_MAX);
    }
}
