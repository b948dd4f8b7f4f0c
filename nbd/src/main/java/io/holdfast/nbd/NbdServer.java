package io.holdfast.nbd;

import io.holdfast.nbd.transport.Listener;
import io.holdfast.nbd.transport.Peer;
import io.holdfast.nbd.transport.SocketConnection;
import io.holdfast.nbd.transport.TlsIdentity;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Serves the regular files of a volume over NBD, to clients that come through sockets. {@link NbdSessions} has their
 * sessions.
 *
 * <p>A flush on one connection covers every write that was answered before it on any connection. So a client may spread
 * its requests over several connections (NBD_FLAG_CAN_MULTI_CONN).
 */
public final class NbdServer implements AutoCloseable {
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(10);

    private final NbdOptions options;
    private final List<Listener> listeners;
    private final List<Thread> acceptors = new ArrayList<>();
    private final NbdSessions sessions;

    private NbdServer(NbdOptions options, List<Listener> listeners, NbdSessions sessions) {
        this.options = options;
        this.listeners = listeners;
        this.sessions = sessions;
    }

    /**
     * Starts to serve. The volume stays the caller's and must be open until the server is closed.
     *
     * @throws IOException if an address cannot be bound or the TLS files cannot be read; the message says which and why
     */
    public static NbdServer start(Volume volume, List<NbdAddress> addresses, NbdOptions options) throws IOException {
        return start(volume, addresses, options, Thread::start);
    }

    static NbdServer start(Volume volume, List<NbdAddress> addresses, NbdOptions options, NbdSessions.Starter starter)
            throws IOException {
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("no address to listen on");
        }
        Optional<TlsIdentity> tls = Optional.empty();
        if (options.tls().isPresent()) {
            NbdTls files = options.tls().get();
            tls = Optional.of(TlsIdentity.load(files.certificates(), files.verifyPeer()));
        }
        List<Listener> listeners = new ArrayList<>();
        try {
            for (NbdAddress address : addresses) {
                listeners.add(Listener.open(address));
            }
        } catch (IOException e) {
            listeners.forEach(Listener::close);
            throw e;
        }
        NbdSessions sessions = new NbdSessions(volume, options, tls, NbdEnvironment.SYSTEM, starter);
        NbdServer server = new NbdServer(options, List.copyOf(listeners), sessions);
        server.accept();
        return server;
    }

    /**
     * Checks, without a volume, that {@link #start} could listen and encrypt with these settings. So a command finds a
     * wrong address before it opens a volume, which may take long. {@link #start} checks again.
     *
     * @throws IOException as {@link #start}
     */
    public static void check(List<NbdAddress> addresses, NbdOptions options) throws IOException {
        if (options.tls().isPresent()) {
            NbdTls files = options.tls().get();
            TlsIdentity.load(files.certificates(), files.verifyPeer());
        }
        for (NbdAddress address : addresses) {
            Listener.check(address);
        }
    }

    private void accept() {
        for (Listener listener : listeners) {
            acceptors.add(Thread.ofPlatform()
                    .name("nbd-accept-" + listener.address())
                    .start(() -> listener.run(socket -> admit(socket, listener.address()))));
        }
    }

    private void admit(SocketChannel socket, NbdAddress address) throws IOException {
        sessions.admit(new SocketConnection(socket), address.toString(), number -> {
            String name = socket.getRemoteAddress() instanceof InetSocketAddress peer
                    ? peer.getHostString() + ":" + peer.getPort()
                    : number + " at " + address;
            return new NbdSessions.Client(name, Peer.describe(socket, name));
        });
    }

    /** Returns the addresses as bound, with the real port. */
    public List<NbdAddress> addresses() {
        return listeners.stream().map(Listener::address).toList();
    }

    /**
     * Returns why the file at this path cannot be served, if it cannot: its path is too long for an export name, or the
     * file is larger than clients accept.
     */
    public Optional<String> whyNotServed(String exportPath) {
        return sessions.exports().whyNot(NbdUri.exportName(exportPath));
    }

    /** Returns the export's URI for each address, or none if the export {@linkplain #whyNotServed cannot be served}. */
    public List<String> uris(String exportPath) {
        if (whyNotServed(exportPath).isPresent()) {
            return List.of();
        }
        boolean encrypted = options.tls().map(NbdTls::required).orElse(false);
        return addresses().stream()
                .map(address -> NbdUri.of(address, exportPath, encrypted))
                .toList();
    }

    public NbdCounters counters() {
        return sessions.counters();
    }

    /** Returns how many bytes of payload memory all connections hold at the moment. */
    long payloadBytesHeld() {
        return sessions.payloadBytesHeld();
    }

    /**
     * Stops the server. It accepts no more clients and begins no more requests; requests in flight end, and each
     * connection is closed once its replies are sent.
     *
     * <p>To a client this looks like a killed server, except that no reply is lost. The server leaves requests that it
     * has not begun without an answer, not even an error: a client that reconnects sends them again. At the deadline it
     * cuts off what is left. Returns when no session is left, or at most a second after the deadline.
     */
    public void stop(Duration deadline) {
        long end = NbdEnvironment.SYSTEM.timing().nanoTime() + deadline.toNanos();
        sessions.admitNoMore();
        listeners.forEach(Listener::close);
        try {
            for (Thread acceptor : acceptors) {
                acceptor.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            sessions.stop(end);
        }
    }

    /**
     * Cuts off all clients at once and takes no more. No reply is sent any more: to a client this looks like a killed
     * server. {@link #stop} must follow.
     */
    public void cutOff() {
        sessions.cutOff();
    }

    /** Stops with a deadline of ten seconds. */
    @Override
    public void close() {
        stop(CLOSE_DEADLINE);
    }
}
