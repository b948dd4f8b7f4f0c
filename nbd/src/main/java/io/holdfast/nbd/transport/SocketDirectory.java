package io.holdfast.nbd.transport;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Optional;

/**
 * A path to a directory that is short enough to address a socket in it. The address of a socket has 107 bytes, of which
 * Java accepts 106; and a socket is made in a temporary directory before it is moved to its place, which makes the path
 * longer. If a path is too long for that, this opens the directory and uses {@code /proc/self/fd/N}.
 *
 * <p>Invariant: until this is closed the path leads to the given directory.
 */
public final class SocketDirectory implements AutoCloseable {
    private static final int ADDRESS_BYTES_MAX = 106;
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private final Path way;
    private final Optional<FileChannel> opened;

    private SocketDirectory(Path way, Optional<FileChannel> opened) {
        this.way = way;
        this.opened = opened;
    }

    /**
     * Finds a path to an existing directory for sockets called {@code name}.
     *
     * @throws IOException if the path is too long and there is no shorter one, as on systems without {@code /proc}
     */
    public static SocketDirectory of(Path directory, String name) throws IOException {
        if (fits(directory.resolve(name))) {
            return new SocketDirectory(directory, Optional.empty());
        }
        FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ);
        boolean done = false;
        try {
            SocketDirectory found = new SocketDirectory(descriptor(directory), Optional.of(channel));
            done = true;
            return found;
        } finally {
            if (!done) {
                channel.close();
            }
        }
    }

    /** Connects to the socket at a path, of any length that a socket can have. */
    public static SocketChannel connect(Path socket) throws IOException {
        Path parent = Objects.requireNonNull(socket.toAbsolutePath().getParent(), "a socket has a directory");
        String name = Objects.requireNonNull(socket.getFileName(), "a socket has a name")
                .toString();
        if (fits(socket)) {
            return SocketChannel.open(UnixDomainSocketAddress.of(socket));
        }
        try (SocketDirectory directory = of(parent, name)) {
            return SocketChannel.open(directory.address(name));
        }
    }

    private static boolean fits(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length <= ADDRESS_BYTES_MAX;
    }

    private static Path descriptor(Path directory) throws IOException {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path each : descriptors) {
                if (leadsTo(each, directory)) {
                    return each;
                }
            }
        }
        throw new IOException("the path of the socket is too long: " + directory);
    }

    /** Returns whether a descriptor is one of the directory. Other threads open and close descriptors meanwhile. */
    private static boolean leadsTo(Path descriptor, Path directory) {
        try {
            return Files.isSameFile(descriptor, directory);
        } catch (IOException closed) {
            return false;
        }
    }

    /** Returns the address of a socket in the directory, good until this is closed. */
    public UnixDomainSocketAddress address(String name) {
        return UnixDomainSocketAddress.of(way.resolve(name));
    }

    @Override
    public void close() throws IOException {
        if (opened.isPresent()) {
            opened.get().close();
        }
    }
}
