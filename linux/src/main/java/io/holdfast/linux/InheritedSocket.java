package io.holdfast.linux;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A listening socket that this process was started with, as systemd hands it over.
 *
 * <p>Java has channels for sockets that it made itself only. So {@link #open} makes one of the same kind, and puts the inherited socket
 * in the place of the new one's descriptor, as the JDK itself does with another socket when it closes a channel.
 *
 * <p>Invariant: the inherited descriptor stays open as long as the process runs. So clients can connect at any time, and wait in the
 * socket's queue while no channel is open.
 */
public final class InheritedSocket {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private final int descriptor;
    private final SocketAddress address;

    private InheritedSocket(int descriptor, SocketAddress address) {
        this.descriptor = descriptor;
        this.address = address;
    }

    /**
     * Takes over a descriptor.
     *
     * @throws IOException if it is no stream socket that listens on a path or a TCP port, or the system cannot be called
     */
    public static InheritedSocket of(int descriptor) throws IOException {
        return Native.call(() -> adopt(descriptor))
                .orElseThrow(() -> new IOException("this Java virtual machine does not let us call the system"));
    }

    private static InheritedSocket adopt(int descriptor) throws IOException {
        boolean listens;
        try {
            listens = NativeSockets.listens(descriptor);
        } catch (SystemCallException e) {
            throw new IOException("it is no socket (" + e.getMessage() + ")", e);
        }
        if (!listens) {
            throw new IOException("it is no stream socket that listens");
        }
        SocketAddress address = addressOf(NativeSockets.name(descriptor));
        NativeSockets.adopt(descriptor);
        return new InheritedSocket(descriptor, address);
    }

    /** Returns where the socket listens: a path, or a numeric address with a port. */
    public SocketAddress address() {
        return address;
    }

    /** Opens a channel that accepts from the socket. Closing it leaves the socket as it is. */
    public ServerSocketChannel open() throws IOException {
        return address instanceof UnixDomainSocketAddress ? openUnix() : openTcp();
    }

    private ServerSocketChannel openUnix() throws IOException {
        Path folder = Files.createTempDirectory("holdfast");
        Path file = folder.resolve("s");
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(file));
            return replaced(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        } finally {
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
    }

    private ServerSocketChannel openTcp() throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open();
        try {
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return replaced(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Puts the inherited socket in the place of the one that the channel has. */
    private ServerSocketChannel replaced(ServerSocketChannel channel) throws IOException {
        SocketAddress own = channel.getLocalAddress();
        for (int candidate : descriptors()) {
            if (candidate != descriptor && isAt(candidate, own)) {
                NativeSockets.duplicate(descriptor, candidate);
                return channel;
            }
        }
        throw new IOException("the descriptor of a new socket cannot be found");
    }

    private static List<Integer> descriptors() throws IOException {
        try (Stream<Path> all = Files.list(DESCRIPTORS)) {
            return all.map(path -> Integer.valueOf(path.getFileName().toString()))
                    .toList();
        }
    }

    private static boolean isAt(int descriptor, SocketAddress address) {
        try {
            return NativeSockets.listens(descriptor) && matches(addressOf(NativeSockets.name(descriptor)), address);
        } catch (IOException e) {
            return false; // No socket, or one of another kind.
        }
    }

    /** The channel's own address: a loopback port, which IPv6 sockets have as a mapped one, or a path. */
    private static boolean matches(SocketAddress found, SocketAddress own) {
        if (found instanceof InetSocketAddress f && own instanceof InetSocketAddress o) {
            return f.getPort() == o.getPort() && f.getAddress().isLoopbackAddress();
        }
        return found.equals(own);
    }

    /** Returns the address in what {@code getsockname} gave. */
    static SocketAddress addressOf(byte[] name) throws IOException {
        int family = name.length < Short.BYTES
                ? 0
                : ByteBuffer.wrap(name).order(ByteOrder.nativeOrder()).getShort(0);
        return switch (family) {
            case NativeSockets.AF_UNIX -> unix(name);
            case NativeSockets.AF_INET -> tcp(name, 4, 4);
            case NativeSockets.AF_INET6 -> tcp(name, 8, 16);
            default -> throw new IOException("it is a socket of address family " + family);
        };
    }

    private static SocketAddress unix(byte[] name) throws IOException {
        int end = NativeSockets.UNIX_PATH_OFFSET;
        while (end < name.length && name[end] != 0) {
            end++;
        }
        if (end == NativeSockets.UNIX_PATH_OFFSET) {
            throw new IOException("it has no path in the file system");
        }
        return UnixDomainSocketAddress.of(
                new String(name, NativeSockets.UNIX_PATH_OFFSET, end - 2, StandardCharsets.UTF_8));
    }

    private static SocketAddress tcp(byte[] name, int at, int length) throws IOException {
        if (name.length < at + length) {
            throw new IOException("its address is cut off");
        }
        int port = Short.toUnsignedInt(ByteBuffer.wrap(name).getShort(Short.BYTES));
        return new InetSocketAddress(InetAddress.getByAddress(Arrays.copyOfRange(name, at, at + length)), port);
    }
}
