package io.holdfast.nbd;

import io.holdfast.nbd.export.ExportTable;
import io.holdfast.nbd.transport.Listener;
import io.holdfast.nbd.transport.SocketConnection;
import io.holdfast.nbd.transport.TlsIdentity;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
    /** What clients find at the address of each listener. */
    private final Map<NbdAddress, ExportTable> tables = new HashMap<>();

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
        return start(volume, addresses, ListeningSockets.NONE, options);
    }

    /** Does as {@link #start(Volume, List, NbdOptions)}; binds no address at which one of {@code sockets} listens. */
    public static NbdServer start(
            Volume volume, List<NbdAddress> addresses, ListeningSockets sockets, NbdOptions options)
            throws IOException {
        return start(volume, addresses, sockets, options, 0);
    }

    /**
     * Does as {@link #start(Volume, List, ListeningSockets, NbdOptions)}, in the place of another server.
     *
     * @param lastNumber the {@link #lastNumber} of that one: so no number ever means two connections
     */
    public static NbdServer start(
            Volume volume, List<NbdAddress> addresses, ListeningSockets sockets, NbdOptions options, long lastNumber)
            throws IOException {
        return start(volume, addresses, options, sockets, Thread::start, lastNumber);
    }

    static NbdServer start(Volume volume, List<NbdAddress> addresses, NbdOptions options, NbdSessions.Starter starter)
            throws IOException {
        return start(volume, addresses, options, ListeningSockets.NONE, starter, 0);
    }

    private static NbdServer start(
            Volume volume,
            List<NbdAddress> addresses,
            NbdOptions options,
            ListeningSockets sockets,
            NbdSessions.Starter starter,
            long lastNumber)
            throws IOException {
        List<NbdAddress> all = all(addresses, options.access());
        if (all.isEmpty()) {
            throw new IllegalArgumentException("no address to listen on");
        }
        Optional<TlsIdentity> tls = Optional.empty();
        if (options.tls().isPresent()) {
            NbdTls files = options.tls().get();
            tls = Optional.of(TlsIdentity.load(files.certificates(), files.verifyPeer()));
        }
        List<Listener> listeners = new ArrayList<>();
        try {
            for (NbdAddress address : all) {
                listeners.add(Listener.open(address, sockets, options.access().modeAt(address)));
            }
        } catch (IOException e) {
            listeners.forEach(Listener::close);
            throw e;
        }
        NbdSessions sessions = new NbdSessions(volume, options, tls, NbdEnvironment.SYSTEM, starter, lastNumber);
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
    public static void check(List<NbdAddress> addresses, NbdOptions options, ListeningSockets sockets)
            throws IOException {
        if (options.tls().isPresent()) {
            NbdTls files = options.tls().get();
            TlsIdentity.load(files.certificates(), files.verifyPeer());
        }
        for (NbdAddress address : all(addresses, options.access())) {
            Listener.check(address, sockets, options.access().modeAt(address));
        }
    }

    /** Returns the addresses and the sockets that exports have for themselves, each once. */
    private static List<NbdAddress> all(List<NbdAddress> addresses, NbdAccess access) {
        List<NbdAddress> all = new ArrayList<>(access.common(addresses));
        all.addAll(access.ownSockets());
        return all;
    }

    private void accept() {
        NbdAccess access = options.access();
        // All addresses that are no export's own share one table, and with it the limits of its exports.
        ExportTable common = access.exports().isEmpty() ? sessions.exports() : sessions.listed(access.commonExports());
        for (Listener listener : listeners) {
            NbdAddress address = listener.address();
            boolean own = access.common(List.of(address)).isEmpty();
            tables.put(address, own ? sessions.listed(access.exportsAt(address)) : common);
        }
        for (Listener listener : listeners) {
            acceptors.add(Thread.ofPlatform()
                    .name("nbd-accept-" + listener.address())
                    .start(() -> listener.run(socket -> admit(socket, listener.address()))));
        }
    }

    private void admit(SocketChannel socket, NbdAddress address) throws IOException {
        ExportTable table = Objects.requireNonNull(tables.get(address), "each listener has a table");
        sessions.admit(
                new SocketConnection(socket),
                address.toString(),
                table,
                number -> Caller.of(socket, address, number, options.access().peers()));
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

    /** Returns the URIs of an export of the list: at its own socket, or else at each address. */
    public List<String> uris(NbdExport export) {
        boolean encrypted = options.tls().map(NbdTls::required).orElse(false);
        List<NbdAddress> at = export.socket().isPresent()
                ? List.of(export.socket().get().address())
                : options.access().common(addresses());
        return at.stream()
                .map(address -> NbdUri.of(address, export.name(), encrypted))
                .toList();
    }

    /** Returns the number of the latest connection; 0 if there was none. */
    public long lastNumber() {
        return sessions.lastNumber();
    }

    /** Returns the connections that are served, in the order in which they came. */
    public List<NbdClientStatus> clients() {
        return sessions.clients();
    }

    /**
     * Ends a connection in order: it begins no more requests, those in flight are answered, and then it is closed. What was
     * acknowledged to it stays. The client may connect again.
     *
     * @param id as in {@link #clients}
     * @param wait how long to wait for its end at most
     * @return what it was, and whether it has ended; empty if there is no such connection
     */
    public Optional<NbdSessions.Disconnected> disconnect(long id, Duration wait) throws InterruptedException {
        return sessions.disconnect(id, wait.toNanos());
    }

    /** Returns whether every address still takes clients. */
    public boolean accepts() {
        return acceptors.stream().allMatch(Thread::isAlive);
    }

    public NbdCounters counters() {
        return sessions.counters();
    }

    /** Returns what the server has done, in more detail. */
    public NbdMetrics metrics() {
        return sessions.metrics();
    }

    /** Returns how many bytes of payload memory all connections hold at the moment. */
    public long payloadBytesHeld() {
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
