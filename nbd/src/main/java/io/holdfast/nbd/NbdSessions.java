package io.holdfast.nbd;

import io.holdfast.concurrent.Threads;
import io.holdfast.concurrent.Timing;
import io.holdfast.door.Alarms;
import io.holdfast.door.FileConnections;
import io.holdfast.door.PayloadPool;
import io.holdfast.door.Slice;
import io.holdfast.nbd.PeerProcesses.PeerProcess;
import io.holdfast.nbd.export.ExportTable;
import io.holdfast.nbd.export.Exports;
import io.holdfast.nbd.export.FileWriters;
import io.holdfast.nbd.export.ListedExports;
import io.holdfast.nbd.handshake.Greeter;
import io.holdfast.nbd.transmission.Meters;
import io.holdfast.nbd.transmission.WorkerPlaces;
import io.holdfast.nbd.transport.Connection;
import io.holdfast.nbd.transport.TlsIdentity;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of a server, whatever carries their bytes: admits clients, ends those that stall, and stops them all.
 *
 * <p>Invariants: at most {@code connectionsMax} sessions serve. At most {@link #REFUSALS_MAX} more sessions tell a
 * client that there is no room; these do not count towards {@code connectionsMax}. Further connections are closed at
 * once. {@code running} holds exactly the sessions whose threads have not ended, by their numbers. The alarms'
 * thread looks at each of them several times in the time that a client may stall.
 */
public final class NbdSessions {
    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");
    private static final int REFUSALS_MAX = 8;
    private static final Duration LINGER = Duration.ofMillis(500);
    private static final long ABORT_NANOS_MAX = TimeUnit.SECONDS.toNanos(1);
    private static final int LOOKS_PER_STALL = 8;

    private final NbdOptions options;
    private final Volume volume;
    private final Exports exports;
    private final Timing timing;
    private final Starter starter;
    private final Session.Shared shared;
    private final Map<Long, Session> running = new ConcurrentHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    /** A session has ended. */
    private final Condition ended = lock.newCondition();

    private final ConnectionPlaces places;
    private final Semaphore refusals = new Semaphore(REFUSALS_MAX);
    private final Runnable refusalEnded = refusals::release;
    private final Meters meters = new Meters();
    private final LongAdder accepted = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final AtomicLong numbers;
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

    /**
     * How a client is called.
     *
     * @param name in the log
     * @param description where somebody is told who has a file open
     * @param identity the same for all connections of one client
     * @param at the server's address that it came to
     * @param from the host and port that it came from, if it has these
     * @param process at the other end, if it is known
     */
    public record Client(
            String name, String description, String identity, String at, String from, Optional<PeerProcess> process) {
        /** What the identity begins with where the system tells nothing but the user. */
        static final String BY_USER = "user ";

        /** Returns whether another client of the same user would have the same identity. */
        boolean isKnownByUserAlone() {
            return identity.startsWith(BY_USER);
        }

        /** Returns one of which nothing but its name is known; all such count as one client. */
        public static Client named(String name) {
            return new Client(name, name, "", "", "", Optional.empty());
        }
    }

    /** Has no session yet. The volume stays the caller's and must be open until {@link #stop} has returned. */
    public NbdSessions(Volume volume, NbdOptions options, NbdEnvironment environment) {
        this(volume, options, Optional.empty(), environment, Thread::start, 0);
    }

    NbdSessions(
            Volume volume,
            NbdOptions options,
            Optional<TlsIdentity> tls,
            NbdEnvironment environment,
            Starter starter,
            long lastNumber) {
        this.numbers = new AtomicLong(lastNumber);
        this.volume = volume;
        this.options = options;
        this.timing = environment.timing();
        this.starter = starter;
        this.places = new ConnectionPlaces(options.connectionsMax(), options.access());
        this.exports = new Exports(volume, options.readOnly(), options.sectorSize());
        boolean required = options.tls().map(NbdTls::required).orElse(false);
        this.shared = new Session.Shared(
                options,
                new Greeter(exports, options.access().lists(), tls, required, () -> stopping),
                new PayloadPool(options.bytesMax(), options.connectionsMax(), environment.stepBytes(), Slice::allocate),
                new WorkerPlaces(),
                meters,
                new Alarms("nbd-timer", timing),
                new FileConnections(timing),
                new FileWriters(timing),
                environment);
        long nanos = Math.max(1, options.stallTimeout().toNanos() / LOOKS_PER_STALL);
        var _ = shared.alarms().every(nanos, this::endStalled);
    }

    private void endStalled() {
        long now = timing.nanoTime();
        running.values().forEach(session -> session.endIfStalled(now));
    }

    /** Finds the name of a client. */
    public interface Naming {
        /**
         * Returns it.
         *
         * @param number of the connection, from 1 on
         */
        Client name(long number) throws IOException;
    }

    /** Returns a new table of the exports of a list. */
    ExportTable listed(List<NbdExport> list) {
        return new ListedExports(volume, options.readOnly(), options.sectorSize(), list, timing);
    }

    /** Serves a client as {@link #admit(Connection, String, ExportTable, Naming)}, who finds every file of the volume. */
    public void admit(Connection connection, String at, Naming naming) throws IOException {
        admit(connection, at, exports, naming);
    }

    /**
     * Serves a client on a thread of the caller's kind, or tells it why not. If this throws an error, nothing has changed and
     * the caller may try again.
     *
     * @param at where it has come in, for the log
     * @param table what it finds
     */
    void admit(Connection connection, String at, ExportTable table, Naming naming) throws IOException {
        if (stopping) {
            connection.close();
            return;
        }
        Runnable leave = () -> places.leave(at);
        Optional<String> why = places.enter(at);
        if (why.isEmpty()) {
            begin(connection, table, naming, null, leave, accepted);
        } else if (refusals.tryAcquire()) {
            begin(connection, table, naming, why.get(), refusalEnded, refused);
        } else {
            connection.close();
            refused.increment();
            LOG.log(
                    System.Logger.Level.WARNING,
                    "client {0} refused: too many others are being refused; find out who connects so often, or allow more connections",
                    at,
                    at);
        }
    }

    private void begin(
            Connection connection,
            ExportTable table,
            Naming naming,
            @Nullable String refusal,
            Runnable leave,
            LongAdder counter)
            throws IOException {
        counter.increment();
        boolean begun = false;
        // One object for the map: to take a session out of it must need no memory.
        Long number = numbers.incrementAndGet();
        try {
            Session session = new Session(connection, shared, table, naming.name(number), refusal);
            Thread thread = Threads.unstarted("nbd-connection-" + number, () -> {
                try {
                    session.run();
                } finally {
                    end(number, leave);
                }
            });
            running.put(number, session);
            starter.start(thread);
            begun = true;
        } finally {
            if (!begun) {
                running.remove(number);
                leave.run();
                counter.decrement();
            }
        }
    }

    private void end(Long number, Runnable leave) {
        running.remove(number);
        leave.run();
        lock.lock();
        try {
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of the latest connection. */
    long lastNumber() {
        return numbers.get();
    }

    Exports exports() {
        return exports;
    }

    /** Returns the counters of all sessions, those included that have ended. */
    public NbdCounters counters() {
        return metrics().counters();
    }

    /** Returns what all sessions have done, those included that have ended. */
    public NbdMetrics metrics() {
        List<NbdMetrics.Export> exportCounts = meters.exports();
        NbdMetrics.Export others = meters.others();
        List<NbdMetrics.Export> all = new ArrayList<>(exportCounts);
        all.add(others);
        NbdCounters counters = new NbdCounters(
                running.size(),
                accepted.sum(),
                refused.sum(),
                sum(all, NbdMetrics.Export::total),
                sum(all, NbdMetrics.Export::errors),
                sum(all, NbdMetrics.Export::bytesRead),
                sum(all, NbdMetrics.Export::bytesWritten));
        return new NbdMetrics(counters, meters.operations(), exportCounts, others);
    }

    private static long sum(List<NbdMetrics.Export> exports, ToLongFunction<NbdMetrics.Export> count) {
        return exports.stream().mapToLong(count).sum();
    }

    /** Returns the connections that are served, by their numbers; at most as many as the server takes. */
    List<NbdClientStatus> clients() {
        return running.entrySet().stream()
                .filter(entry -> !entry.getValue().isRefused())
                .map(entry -> entry.getValue().status(entry.getKey()))
                .sorted(Comparator.comparingLong(NbdClientStatus::id))
                .toList();
    }

    /**
     * Ends a connection in order: its requests in flight are answered. Waits until it has ended.
     *
     * @param nanos how long to wait
     * @return what it was; empty if there is no such connection
     */
    Optional<Disconnected> disconnect(long id, long nanos) throws InterruptedException {
        Session session = running.get(id);
        if (session == null || session.isRefused()) {
            return Optional.empty();
        }
        NbdClientStatus status = session.status(id);
        session.endInOrder("an administrator disconnected it");
        return Optional.of(new Disconnected(status, awaitEndOf(id, nanos)));
    }

    /**
     * A connection that was told to end.
     *
     * @param ended whether it has
     */
    public record Disconnected(NbdClientStatus client, boolean ended) {}

    private boolean awaitEndOf(Long id, long nanos) throws InterruptedException {
        lock.lock();
        try {
            long end = timing.nanoTime() + nanos;
            for (long rest = nanos; running.containsKey(id) && rest > 0; rest = end - timing.nanoTime()) {
                timing.await(lock, ended, rest);
            }
            return !running.containsKey(id);
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many bytes of payload memory all connections hold at the moment. */
    public long payloadBytesHeld() {
        return shared.pool().lent();
    }

    /** Admits no more clients. */
    void admitNoMore() {
        stopping = true;
    }

    /** Admits no more clients, and cuts off those that are there: whatever their requests end with, no reply is sent. */
    void cutOff() {
        stopping = true;
        running.values().forEach(Session::abort);
    }

    /**
     * Stops the sessions. They begin no more requests; requests in flight end, and each connection is closed once its
     * replies are sent. At the deadline this cuts off what is left. Returns when no session is left, or at most a second
     * after the deadline.
     *
     * @param end the deadline, by the environment's {@link Timing}
     */
    public void stop(long end) {
        stopping = true;
        try {
            List<Session> sessions = List.copyOf(running.values());
            sessions.forEach(Session::stop);
            for (Session session : sessions) {
                session.finish(end - timing.nanoTime());
            }
            // Clients that had requests in flight see the end of the stream by themselves: finish() has closed our
            // output.
            long linger = timing.nanoTime() + LINGER.toNanos();
            awaitEnd(linger - end < 0 ? linger : end);
            running.values().forEach(Session::wake);
            awaitEnd(end);
            running.values().forEach(Session::abort);
            awaitEnd(timing.nanoTime() + ABORT_NANOS_MAX);
        } catch (InterruptedException e) {
            running.values().forEach(Session::abort);
            Thread.currentThread().interrupt();
        } finally {
            shared.alarms().stop();
            shared.pool().close();
        }
    }

    private void awaitEnd(long end) throws InterruptedException {
        lock.lock();
        try {
            for (long rest = end - timing.nanoTime(); !running.isEmpty() && rest > 0; rest = end - timing.nanoTime()) {
                timing.await(lock, ended, rest);
            }
        } finally {
            lock.unlock();
        }
    }
}
