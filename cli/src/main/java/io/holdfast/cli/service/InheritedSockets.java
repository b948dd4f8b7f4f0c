package io.holdfast.cli.service;

import io.holdfast.linux.InheritedSocket;
import io.holdfast.nbd.ListeningSockets;
import io.holdfast.nbd.NbdAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The listening sockets that the service manager started this process with, by the protocol of {@code sd_listen_fds(3)}. They stay the
 * manager's: clients that connect while the server is being restarted wait in the socket's queue, and get no error.
 */
public final class InheritedSockets implements ListeningSockets {
    private static final int FIRST_DESCRIPTOR = 3;
    private static final int SOCKETS_MAX = 1024;

    private final List<Named> sockets;

    /** A socket, with the name that the manager gives it ({@code FileDescriptorName=}), and where it listens. */
    private record Named(String name, NbdAddress address, InheritedSocket socket) {}

    private InheritedSockets(List<Named> sockets) {
        this.sockets = sockets;
    }

    /**
     * Takes over what this process was started with.
     *
     * @throws IOException if a descriptor is no listening stream socket; the message names it
     */
    public static InheritedSockets ofProcess() throws IOException {
        return of(System.getenv(), ProcessHandle.current().pid());
    }

    static InheritedSockets of(Map<String, String> environment, long pid) throws IOException {
        if (!environment.getOrDefault("LISTEN_PID", "").equals(Long.toString(pid))) {
            return new InheritedSockets(List.of());
        }
        int count = count(environment.getOrDefault("LISTEN_FDS", "0"));
        String[] names = environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1);
        List<Named> sockets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = i < names.length ? names[i] : "unknown";
            try {
                InheritedSocket socket = InheritedSocket.of(FIRST_DESCRIPTOR + i);
                sockets.add(new Named(name, nbdAddress(socket.address()), socket));
            } catch (IOException e) {
                throw new IOException(
                        "descriptor " + (FIRST_DESCRIPTOR + i) + " ('" + name
                                + "') of the service manager cannot be served: " + e.getMessage()
                                + "; a .socket unit for Holdfast has ListenStream= alone",
                        e);
            }
        }
        return new InheritedSockets(List.copyOf(sockets));
    }

    private static int count(String text) throws IOException {
        try {
            int count = Integer.parseInt(text);
            if (count >= 0 && count <= SOCKETS_MAX) {
                return count;
            }
        } catch (NumberFormatException e) {
            // Reported below.
        }
        throw new IOException("LISTEN_FDS is '" + text + "', and no number from 0 to " + SOCKETS_MAX);
    }

    private static NbdAddress nbdAddress(SocketAddress address) {
        return address instanceof UnixDomainSocketAddress unix
                ? new NbdAddress.Unix(unix.getPath())
                : tcp((InetSocketAddress) address);
    }

    private static NbdAddress tcp(InetSocketAddress address) {
        return new NbdAddress.Tcp(address.getAddress().getHostAddress(), address.getPort());
    }

    /** Returns these addresses, and those of all inherited sockets that are not among them. */
    public List<NbdAddress> with(List<NbdAddress> addresses) {
        Set<NbdAddress> all = new LinkedHashSet<>(addresses);
        sockets.stream()
                .map(Named::address)
                .filter(inherited -> addresses.stream().noneMatch(address -> isSame(address, inherited)))
                .forEach(all::add);
        return List.copyOf(all);
    }

    @Override
    public Optional<ServerSocketChannel> at(NbdAddress address) throws IOException {
        Optional<Named> found = named(address).findFirst();
        return found.isEmpty()
                ? Optional.empty()
                : Optional.of(found.get().socket().open());
    }

    private Stream<Named> named(NbdAddress address) {
        return sockets.stream().filter(named -> isSame(address, named.address()));
    }

    /** The two may be written in different ways: a relative path, a name of a host. */
    private static boolean isSame(NbdAddress address, NbdAddress inherited) {
        return switch (address) {
            case NbdAddress.Unix unix ->
                inherited instanceof NbdAddress.Unix other
                        && unix.path().toAbsolutePath().normalize().equals(other.path());
            case NbdAddress.Tcp tcp ->
                inherited instanceof NbdAddress.Tcp other
                        && tcp.port() == other.port()
                        && new InetSocketAddress(tcp.host(), tcp.port())
                                .equals(new InetSocketAddress(other.host(), other.port()));
        };
    }
}
