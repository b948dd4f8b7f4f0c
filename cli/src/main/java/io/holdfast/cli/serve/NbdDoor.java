package io.holdfast.cli.serve;

import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.NbdServer;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The NBD server as this process runs it. */
final class NbdDoor implements AutoCloseable {
    /** Requests in flight get this long to end when the server stops. */
    private static final Duration STOP_MAX = Duration.ofSeconds(3);

    private final NbdServer server;

    private final NbdOptions options;

    private NbdDoor(NbdServer server, NbdOptions options) {
        this.server = server;
        this.options = options;
    }

    static NbdDoor open(Volume volume, List<NbdAddress> addresses, NbdOptions options) throws IOException {
        return new NbdDoor(NbdServer.start(volume, addresses, options), options);
    }

    /** Cuts off all clients: they get no reply any more. */
    void cutOff() {
        server.cutOff();
    }

    /** Closes this, and serves another volume at the same addresses. */
    NbdDoor moveTo(Volume volume) throws IOException {
        List<NbdAddress> addresses = server.addresses();
        close();
        return open(volume, addresses, options);
    }

    List<String> addresses() {
        return server.addresses().stream().map(NbdAddress::toString).toList();
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
