package io.holdfast.nbd;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A server on a unix socket with one export, {@code vm/disk} of 16 MiB, whose file a test can watch. */
final class ServerFixture implements AutoCloseable {
    static final long SIZE = 16L << 20;
    static final String EXPORT = "vm/disk";

    final WatchedVolume watched = new WatchedVolume();
    final Volume volume;
    final NbdServer server;
    final NbdAddress address;

    ServerFixture(Path directory, NbdOptions options) throws IOException {
        this(directory, options, SIZE);
    }

    ServerFixture(Path directory, NbdOptions options, List<String> addresses) throws IOException {
        this(options, SIZE, addresses);
    }

    ServerFixture(Path directory, NbdOptions options, long size) throws IOException {
        this(options, size, List.of("unix:" + freePath(directory)));
    }

    private static Path freePath(Path directory) throws IOException {
        Path socket = Files.createTempFile(directory, "nbd", ".sock");
        Files.delete(socket);
        return socket;
    }

    private ServerFixture(NbdOptions options, long size, List<String> addresses) throws IOException {
        this.volume = watched.watch(TestVolumes.open());
        boolean started = false;
        try {
            volume.mkdir("/vm", CreateOptions.directory());
            volume.create("/" + EXPORT, CreateOptions.file().withSize(size)).close();
            this.server = NbdServer.start(
                    volume, addresses.stream().map(NbdAddress::parse).toList(), options);
            this.address = server.addresses().getFirst();
            started = true;
        } finally {
            if (!started) {
                volume.close();
            }
        }
    }

    TestClient open(TestClient.Mode mode) throws IOException {
        return TestClient.open(address, EXPORT, mode);
    }

    TestClient greet() throws IOException {
        return TestClient.greet(address);
    }

    @Override
    public void close() throws HoldfastException {
        server.close();
        volume.close();
    }
}
