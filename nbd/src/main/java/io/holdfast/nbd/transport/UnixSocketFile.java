package io.holdfast.nbd.transport;

import io.holdfast.nbd.SocketMode;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Objects;

/**
 * A unix socket and its file. At no moment can anybody connect who may not: the socket is made in a private directory
 * beside its place, gets its group and its mode there, and is then moved to its place. The move also replaces a file that an earlier server left behind.
 *
 * @param key tells this file from another one put in its place later
 */
record UnixSocketFile(ServerSocketChannel server, Path path, Object key) {
    /** {@code sun_path} of unix(7) has 108 bytes with the closing NUL. */
    private static final int PATH_BYTES_MAX = 107;

    /** Makes a socket for the owner alone. */
    static UnixSocketFile bind(Path path, int backlog) throws IOException {
        return bind(path, backlog, SocketMode.OWNER);
    }

    static UnixSocketFile bind(Path path, int backlog, SocketMode mode) throws IOException {
        check(path);
        return make(path, backlog, mode, true);
    }

    /** Makes a socket; moves it to its place, or closes and removes it. */
    private static UnixSocketFile make(Path path, int backlog, SocketMode mode, boolean keep) throws IOException {
        Path parent = Objects.requireNonNull(path.toAbsolutePath().getParent(), "a socket has a directory");
        Path directory = Files.createTempDirectory(parent, ".n");
        Path made = directory.resolve("s");
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            try (SocketDirectory way = SocketDirectory.of(directory, "s")) {
                server.bind(way.address("s"), backlog);
            }
            apply(mode, made);
            Object key = keyOf(made);
            if (keep) {
                Files.move(made, path, StandardCopyOption.ATOMIC_MOVE);
            } else {
                server.close();
            }
            return new UnixSocketFile(server, path, key);
        } catch (IOException e) {
            server.close();
            throw new IOException("cannot listen on " + path + ": " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(made);
            Files.delete(directory);
        }
    }

    private static void apply(SocketMode mode, Path made) throws IOException {
        if (mode.group().isPresent()) {
            String name = mode.group().get();
            try {
                GroupPrincipal group =
                        made.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
                Files.getFileAttributeView(made, PosixFileAttributeView.class).setGroup(group);
            } catch (UserPrincipalNotFoundException e) {
                throw new IOException("there is no group '" + name + "'", e);
            } catch (FileSystemException e) {
                throw new IOException(
                        "the socket cannot be given to the group '" + name + "': " + e.getReason()
                                + "; the server runs as root, or its user is in that group",
                        e);
            }
        }
        Files.setPosixFilePermissions(made, mode.permissions());
    }

    /** Checks that {@link #bind} would succeed now; leaves nothing behind. */
    static void check(Path path, SocketMode mode) throws IOException {
        check(path);
        var _ = make(path, 1, mode, false);
    }

    /** Checks that a socket can be made at this path; throws, with the reason in words, if not. */
    static void check(Path path) throws IOException {
        int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > PATH_BYTES_MAX) {
            throw new BindException("cannot listen on " + path + ": the path of a socket has at most " + PATH_BYTES_MAX
                    + " bytes, and this one has " + bytes + "; choose a shorter one");
        }
        Path parent = path.toAbsolutePath().getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new IOException("cannot listen on " + path + ": there is no directory " + parent);
        }
        if (!Files.isWritable(parent)) {
            throw new IOException("cannot listen on " + path + ": " + parent + " cannot be written to");
        }
        refuseOccupied(path);
    }

    /** Removes the file, unless another server has replaced it. */
    void remove() throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && keyOf(path).equals(key)) {
            Files.delete(path);
        }
    }

    private static void refuseOccupied(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        BasicFileAttributes attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isOther()) {
            throw new BindException(path + " exists and is not a socket; choose another path or remove it");
        }
        try (SocketChannel _ = SocketDirectory.connect(path)) {
            throw new BindException("another server listens on " + path + "; stop it or choose another path");
        } catch (BindException e) {
            throw e;
        } catch (ConnectException e) {
            // Nobody listens. An earlier server left the file behind; it is replaced.
        } catch (IOException e) {
            throw new IOException(
                    "cannot tell whether a server listens on " + path + " (" + e.getMessage()
                            + "); choose another path or remove it",
                    e);
        }
    }

    private static Object keyOf(Path file) throws IOException {
        Object key = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
        return Objects.requireNonNull(key, "a unix file has a key");
    }
}
