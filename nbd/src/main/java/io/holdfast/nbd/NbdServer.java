package io.holdfast.nbd;

import io.holdfast.door.FileConnections;
import io.holdfast.door.PayloadPool;
import io.holdfast.nbd.export.Exports;
import io.holdfast.nbd.handshake.Greeter;
import io.holdfast.nbd.transmission.Meters;
import io.holdfast.nbd.transport.Listener;
import io.holdfast.nbd.transport.TlsIdentity;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Serves the regular files of a volume over NBD.
 *
 * <p>A flush on one connection covers every write that was answered before it on any connection. So a client may spread
 * its requests over several connections (NBD_FLAG_CAN_MULTI_CONN).
 *
 * <p>Invariants: at most {@code connectionsMax} sessions serve. At most {@link #REFUSALS_MAX} more sessions tell a
 * client that there is no room; these do not count towards {@code connectionsMax}. The server closes further
 * connections at once. {@code sessions} holds exactly the threads that have not ended. The timer looks at each of them
 * several times in the time that a client may stall.
 */
public final class NbdServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");
    private static final int REFUSALS_MAX = 8;
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(10);
    private static final Duration LINGER = Duration.ofMillis(500);
    private static final long ABORT_NANOS_MAX = TimeUnit.SECONDS.toNanos(1);
    private static final int LOOKS_PER_STALL = 8;

    private final NbdOptions options;
    private final Exports exports;
    private final List<Listener> listeners;
    private final List<Thread> acceptors = new ArrayList<>();
    private final Map<Session, Thread> sessions = new ConcurrentHashMap<>();
    private final Semaphore places;
    private final Semaphore refusals = new Semaphore(REFUSALS_MAX);
    private final Starter starter;
    private final Meters meters = new Meters();
    private final LongAdder accepted = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final AtomicLong numbers = new AtomicLong();
    private final ScheduledThreadPoolExecutor timer;
    private final Session.Shared shared;
    private volatile boolean stopping;

    /** Starts the thread of a connection. */
    interface Starter {
        /**
         * Starts it.
         *
         * @throws OutOfMemoryError if the system has no thread to give
         */
        void start(Thread thread);
    }

    private NbdServer(
            Volume volume, List<Listener> listeners, NbdOptions options, Optional<TlsIdentity> tls, Starter starter) {
        this.options = options;
        this.starter = starter;
        this.places = new Semaphore(options.connectionsMax());
        this.listeners = listeners;
        this.timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().name("nbd-timer").daemon().factory(), new ThreadPoolExecutor.DiscardPolicy());
        this.timer.setRemoveOnCancelPolicy(true);
        // Start the timer's thread now. When the first connection comes the system may have no thread left.
        this.timer.prestartAllCoreThreads();
        this.exports = new Exports(volume, options.readOnly(), options.sectorSize());
        boolean required = options.tls().map(NbdTls::required).orElse(false);
        Greeter greeter = new Greeter(exports, tls, required, () -> stopping);
        long poolBytes = Math.min(options.bytesMax(), Runtime.getRuntime().maxMemory() / 2);
        this.shared = new Session.Shared(
                options,
                greeter,
                new PayloadPool(poolBytes, options.connectionsMax()),
                meters,
                timer,
                new FileConnections());
    }

    /**
     * Starts to serve. The volume stays the caller's and must be open until the server is closed.
     *
     * @throws IOException if an address cannot be bound or the TLS files cannot be read; the message says which and why
     */
    public static NbdServer start(Volume volume, List<NbdAddress> addresses, NbdOptions options) throws IOException {
        return start(volume, addresses, options, Thread::start);
    }

    static NbdServer start(Volume volume, List<NbdAddress> addresses, NbdOptions options, Starter starter)
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
        NbdServer server = new NbdServer(volume, List.copyOf(listeners), options, tls, starter);
        server.accept();
        server.watch();
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

    private void watch() {
        long nanos = Math.max(1, options.stallTimeout().toNanos() / LOOKS_PER_STALL);
        var _ = timer.scheduleWithFixedDelay(this::endStalled, nanos, nanos, TimeUnit.NANOSECONDS);
    }

    /** Ends the sessions of clients that have stalled for too long. Must not throw, or it would not run again. */
    private void endStalled() {
        try {
            long now = System.nanoTime();
            sessions.keySet().forEach(session -> session.endIfStalled(now));
        } catch (RuntimeException | Error e) {
            // Memory may be short. The next look finds the same clients.
        }
    }

    /**
     * Serves a client, or tells it why not. If this throws an error, nothing has changed and the caller may try again.
     */
    private void admit(SocketChannel socket, NbdAddress address) throws IOException {
        if (stopping) {
            socket.close();
        } else if (places.tryAcquire()) {
            begin(socket, address, null, places, accepted);
        } else if (refusals.tryAcquire()) {
            String why = "the server has its maximum of " + options.connectionsMax() + " connections";
            begin(socket, address, why, refusals, refused);
        } else {
            socket.close();
            refused.increment();
            LOG.log(System.Logger.Level.WARNING, "client {0} refused: too many others are being refused", address);
        }
    }

    private void begin(
            SocketChannel socket, NbdAddress address, @Nullable String refusal, Semaphore place, LongAdder counter)
            throws IOException {
        counter.increment();
        boolean begun = false;
        Session session = null;
        try {
            long number = numbers.incrementAndGet();
            session = new Session(socket, shared, client(socket, address, number), refusal);
            Session served = session;
            Thread thread = Thread.ofPlatform().name("nbd-connection-" + number).unstarted(() -> {
                try {
                    served.run();
                } finally {
                    sessions.remove(served);
                    place.release();
                }
            });
            sessions.put(session, thread);
            starter.start(thread);
            begun = true;
        } finally {
            if (!begun) {
                if (session != null) {
                    sessions.remove(session);
                }
                place.release();
                counter.decrement();
            }
        }
    }

    private static String client(SocketChannel socket, NbdAddress address, long number) throws IOException {
        return socket.getRemoteAddress() instanceof InetSocketAddress peer
                ? peer.getHostString() + ":" + peer.getPort()
                : number + " at " + address;
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
        return exports.whyNot(NbdUri.exportName(exportPath));
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
        return new NbdCounters(
                sessions.size(),
                accepted.sum(),
                refused.sum(),
                meters.requests.sum(),
                meters.errors.sum(),
                meters.bytesRead.sum(),
                meters.bytesWritten.sum());
    }

    /** Returns how many bytes of payload memory all connections hold at the moment. */
    long payloadBytesHeld() {
        return shared.pool().lent();
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
        stopping = true;
        long end = System.nanoTime() + deadline.toNanos();
        listeners.forEach(Listener::close);
        try {
            for (Thread acceptor : acceptors) {
                acceptor.join();
            }
            sessions.keySet().forEach(Session::stop);
            for (Session session : sessions.keySet()) {
                session.finish(end - System.nanoTime());
            }
            // Clients that had requests in flight see the end of the stream by themselves: finish() has closed our
            // output.
            long linger = System.nanoTime() + LINGER.toNanos();
            joinSessions(linger - end < 0 ? linger : end);
            sessions.keySet().forEach(Session::wake);
            joinSessions(end);
            sessions.keySet().forEach(Session::abort);
            joinSessions(System.nanoTime() + ABORT_NANOS_MAX);
        } catch (InterruptedException e) {
            sessions.keySet().forEach(Session::abort);
            Thread.currentThread().interrupt();
        } finally {
            timer.shutdownNow();
        }
    }

    private void joinSessions(long end) throws InterruptedException {
        for (Thread thread : sessions.values()) {
            long rest = end - System.nanoTime();
            if (rest > 0) {
                thread.join(Duration.ofNanos(rest));
            }
        }
    }

    /** Stops with a deadline of ten seconds. */
    @Override
    public void close() {
        stop(CLOSE_DEADLINE);
    }
}
