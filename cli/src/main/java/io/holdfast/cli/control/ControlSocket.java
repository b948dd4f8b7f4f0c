package io.holdfast.cli.control;

import io.holdfast.nbd.transport.SocketDirectory;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A listening socket to which only its owner can ever connect. It is bound in a folder that only the owner can enter,
 * gets mode 0600, and is then renamed to its place. The rename replaces a stale socket of a killed server. It cannot
 * replace the socket of a running server, because the caller holds the volume.
 */
final class ControlSocket implements AutoCloseable {
    private static final int BACKLOG = 16;

    private final ServerSocketChannel channel;
    private final Path path;

    private ControlSocket(ServerSocketChannel channel, Path path) {
        this.channel = channel;
        this.path = path;
    }

    static ControlSocket bind(Path path) throws IOException {
        String suffix = "." + Long.toUnsignedString(ThreadLocalRandom.current().nextLong());
        Path folder = Files.createDirectory(
                Path.of(path + suffix),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path bound = folder.resolve("s");
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            try (SocketDirectory way = SocketDirectory.of(folder, "s")) {
                channel.bind(way.address("s"), BACKLOG);
            }
            Files.setPosixFilePermissions(bound, PosixFilePermissions.fromString("rw-------"));
            Files.move(bound, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            channel.close();
            Files.deleteIfExists(bound);
            throw e;
        } finally {
            Files.delete(folder);
        }
        return new ControlSocket(channel, path);
    }

    ServerSocketChannel channel() {
        return channel;
    }

    Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            Files.deleteIfExists(path);
        }
    }
}
