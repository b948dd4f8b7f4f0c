package io.holdfast.nbd;

import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdExport.Limits;
import io.holdfast.nbd.PeerProcesses.PeerProcess;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** A server with a list of exports, of the files {@code /a} and {@code /b}; each client is a process of its own. */
final class AccessFixture implements AutoCloseable {
    static final long SIZE = 16L << 20;

    final WatchedVolume watched = new WatchedVolume();
    final Volume volume;
    final NbdServer server;
    final NbdAddress address;
    /** The process that the next client is said to be. */
    final AtomicLong process = new AtomicLong(1000);

    AccessFixture(Path directory, List<NbdExport> exports) throws IOException {
        this(directory, NbdAccess.ALL.withExports(exports));
    }

    AccessFixture(Path directory, NbdAccess access) throws IOException {
        this(directory, access, NbdOptions.defaults());
    }

    AccessFixture(Path directory, NbdAccess access, NbdOptions options) throws IOException {
        this.volume = watched.watch(TestVolumes.open());
        boolean started = false;
        try {
            for (String path : List.of("/a", "/b")) {
                volume.create(path, CreateOptions.file().withSize(SIZE)).close();
            }
            NbdAccess known = access.peers() == PeerProcesses.NONE
                    ? access.withPeers(_ -> Optional.of(new PeerProcess(process.get(), 0, 0)))
                    : access;
            this.address = NbdAddress.parse("unix:" + directory.resolve("common"));
            this.server = NbdServer.start(volume, List.of(address), options.withAccess(known));
            started = true;
        } finally {
            if (!started) {
                volume.close();
            }
        }
    }

    /** Returns an export of a file by the name of the file. */
    static NbdExport export(String name) {
        return NbdExport.of("/" + name, name);
    }

    static NbdExport exclusive(String path, String name) {
        return new NbdExport(path, name, false, true, Limits.NONE, Optional.empty(), List.of());
    }

    static NbdExport readOnly(String path, String name) {
        return new NbdExport(path, name, true, false, Limits.NONE, Optional.empty(), List.of());
    }

    static NbdExport limited(String name, Limits limits) {
        return new NbdExport("/" + name, name, false, false, limits, Optional.empty(), List.of());
    }

    static NbdExport at(String name, Path socket) {
        return new NbdExport(
                "/" + name, name, false, false, Limits.NONE, Optional.of(NbdExport.OwnSocket.at(socket)), List.of());
    }

    /** Connects another client, and enters transmission. */
    TestClient open(String export) throws IOException {
        process.incrementAndGet();
        return again(export);
    }

    /** Connects the same client once more. */
    TestClient again(String export) throws IOException {
        return TestClient.open(address, export, TestClient.Mode.STRUCTURED);
    }

    /** Returns the names of a list. */
    static List<String> list(TestClient client) throws IOException {
        return new ArrayList<>(client.ask(3, new byte[0]).strings(2));
    }

    @Override
    public void close() throws HoldfastException {
        server.close();
        volume.close();
    }
}
