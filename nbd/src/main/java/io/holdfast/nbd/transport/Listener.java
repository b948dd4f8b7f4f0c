package io.holdfast.nbd.transport;

import io.holdfast.door.AcceptLoop;
import io.holdfast.nbd.ListeningSockets;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.SocketMode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.util.Optional;

/**
 * Accepts connections on one address and hands each over.
 *
 * <p>Invariants: the address is bound from {@link #open} to {@link #close}. The file of a unix socket exists for the
 * same time; the listener removes it only if it is still the one that it made. A socket that listened before stays, with its
 * file, whatever becomes of the listener.
 */
public final class Listener implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");
    private static final int BACKLOG = 128;

    private final ServerSocketChannel server;
    private final NbdAddress address;
    private final AutoCloseable cleanup;

    private Listener(ServerSocketChannel server, NbdAddress address, AutoCloseable cleanup) {
        this.server = server;
        this.address = address;
        this.cleanup = cleanup;
    }

    /**
     * Listens at an address, by the socket that listens there already if there is one.
     *
     * @param mode of a unix socket that this makes
     */
    public static Listener open(NbdAddress address, ListeningSockets sockets, SocketMode mode) throws IOException {
        Optional<ServerSocketChannel> listening = sockets.at(address);
        return listening.isPresent() ? new Listener(listening.get(), address, () -> {}) : open(address, mode);
    }

    private static Listener open(NbdAddress address, SocketMode mode) throws IOException {
        return switch (address) {
            case NbdAddress.Unix unix -> {
                UnixSocketFile file = UnixSocketFile.bind(unix.path(), BACKLOG, mode);
                yield new Listener(file.server(), unix, file::remove);
            }
            case NbdAddress.Tcp tcp -> openTcp(tcp);
        };
    }

    /** Checks whether {@link #open} would succeed now; leaves nothing behind. */
    public static void check(NbdAddress address, ListeningSockets sockets, SocketMode mode) throws IOException {
        Optional<ServerSocketChannel> listening = sockets.at(address);
        if (listening.isPresent()) {
            listening.get().close();
        } else {
            check(address, mode);
        }
    }

    private static void check(NbdAddress address, SocketMode mode) throws IOException {
        switch (address) {
            case NbdAddress.Unix unix -> UnixSocketFile.check(unix.path(), mode);
            case NbdAddress.Tcp tcp -> openTcp(tcp).close();
        }
    }

    private static Listener openTcp(NbdAddress.Tcp tcp) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open();
        try {
            server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            server.bind(new InetSocketAddress(InetAddress.getByName(tcp.host()), tcp.port()), BACKLOG);
            SocketAddress bound = server.getLocalAddress();
            int port = bound instanceof InetSocketAddress inet ? inet.getPort() : tcp.port();
            return new Listener(server, new NbdAddress.Tcp(tcp.host(), port), () -> {});
        } catch (IOException e) {
            server.close();
            throw new IOException("cannot listen on " + tcp + ": " + e.getMessage(), e);
        }
    }

    /** Returns the address as bound, with the real port. */
    public NbdAddress address() {
        return address;
    }

    /** Accepts until closed; see {@link AcceptLoop}. */
    public void run(AcceptLoop.Taker taker) {
        new AcceptLoop(address.toString(), server::isOpen, server::accept, socket -> {
                    if (address instanceof NbdAddress.Tcp) {
                        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
                        KeepAlive.begin(socket);
                    }
                    taker.take(socket);
                })
                .run();
    }

    @Override
    public void close() {
        try (cleanup) {
            server.close();
        } catch (Exception e) {
            LOG.log(System.Logger.Level.WARNING, "{0}: closing failed: {1}", address, e.getMessage());
        }
    }
}
