package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import io.holdfast.door.Alarms;
import io.holdfast.door.FileConnections;
import io.holdfast.door.PayloadPool;
import io.holdfast.fuzz.LoggedErrors;
import io.holdfast.fuzz.MemorySocket;
import io.holdfast.fuzz.MemoryVolumes;
import io.holdfast.nbd.export.Exports;
import io.holdfast.nbd.export.FileWriters;
import io.holdfast.nbd.handshake.Greeter;
import io.holdfast.nbd.transmission.Meters;
import io.holdfast.nbd.transmission.WorkerPlaces;
import io.holdfast.nbd.transport.SocketConnection;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.util.Optional;

/**
 * Runs one session, without a socket, with a client whose bytes are given, and checks the replies against the protocol.
 */
final class FuzzServer {
    private static final long POOL_BYTES = 16 << 20;

    private final MemoryVolumes volumes = new MemoryVolumes();
    private final LoggedErrors errors = new LoggedErrors("io.holdfast.nbd");
    private final Alarms alarms = new Alarms("fuzz-timer", Timing.SYSTEM);

    FuzzServer() throws Exception {}

    /** Serves a client that sends these bytes; the replies must follow the protocol. */
    void serve(byte[] client, boolean readOnly) throws Exception {
        serve(client, readOnly, new Look() {});
    }

    /** Does the same, shows the file before and after, and returns the bytes that the client received. */
    byte[] serve(byte[] client, boolean readOnly, Look look) throws Exception {
        WatchedVolume watched = new WatchedVolume();
        MemorySocket socket = new MemorySocket(client);
        try (Volume volume = watched.watch(volumes.open())) {
            try (StoredFile file = volume.open(MemoryVolumes.FILE)) {
                look.before(file);
            }
            Exports exports = new Exports(volume, readOnly, 1);
            Greeter greeter = new Greeter(exports, true, Optional.empty(), false, () -> false);
            PayloadPool pool = new PayloadPool(POOL_BYTES, 1);
            Session.Shared shared = new Session.Shared(
                    NbdOptions.defaults(),
                    greeter,
                    pool,
                    new WorkerPlaces(),
                    new Meters(),
                    alarms,
                    new FileConnections(Timing.SYSTEM),
                    new FileWriters(Timing.SYSTEM),
                    NbdEnvironment.SYSTEM);
            new Session(new SocketConnection(socket), shared, exports, NbdSessions.Client.named("fuzz"), null).run();
            pool.close();
            assertThat(volume.failure()).isEmpty();
            try (StoredFile file = volume.open(MemoryVolumes.FILE)) {
                look.after(file);
            }
        }
        assertThat(socket.isOpen()).as("the connection is open").isFalse();
        assertThat(watched.closed).as("files closed").hasValue(watched.opened.get());
        errors.rethrow();
        new HeardReplies(client, socket.received(), socket.overflown()).verify();
        return socket.received();
    }

    /** Sees the file that is served. */
    interface Look {
        default void before(StoredFile file) throws Exception {}

        default void after(StoredFile file) throws Exception {}
    }
}
