package io.holdfast.nbd;

import io.holdfast.concurrent.Threads;
import io.holdfast.concurrent.Timing;
import io.holdfast.door.Alarms;
import io.holdfast.door.FileConnections;
import io.holdfast.door.PayloadPool;
import io.holdfast.door.Slice;
import io.holdfast.nbd.export.Exports;
import io.holdfast.nbd.handshake.Greeter;
import io.holdfast.nbd.transmission.Meters;
import io.holdfast.nbd.transmission.WorkerPlaces;
import io.holdfast.nbd.transport.Connection;
import io.holdfast.nbd.transport.TlsIdentity;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.time.Duration;
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
    private final Exports exports;
    private final Timing timing;
    private final Starter starter;
    private final Session.Shared shared;
    private final Map<Long, Session> running = new ConcurrentHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    /** A session has ended. */
    private final Condition ended = lock.newCondition();

    private final Semaphore places;
    private final Semaphore refusals = new Semaphore(REFUSALS_MAX);
    private final Meters meters = new Meters();
    private final LongAdder accepted = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final AtomicLong numbers = new AtomicLong();
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
     */
    public record Client(String name, String description) {}

    /** Has no session yet. The volume stays the caller's and must be open until {@link #stop} has returned. */
    public NbdSessions(Volume volume, NbdOptions options, NbdEnvironment environment) {
        this(volume, options, Optional.empty(), environment, Thread::start);
    }

    NbdSessions(
            Volume volume, NbdOptions options, Optional<TlsIdentity> tls, NbdEnvironment environment, Starter starter) {
        this.options = options;
        this.timing = environment.timing();
        this.starter = starter;
        this.places = new Semaphore(options.connectionsMax());
        this.exports = new Exports(volume, options.readOnly(), options.sectorSize());
        boolean required = options.tls().map(NbdTls::required).orElse(false);
        this.shared = new Session.Shared(
                options,
                new Greeter(exports, tls, required, () -> stopping),
                new PayloadPool(options.bytesMax(), options.connectionsMax(), environment.stepBytes(), Slice::allocate),
                new WorkerPlaces(),
                meters,
                new Alarms("nbd-timer", timing),
                new FileConnections(timing),
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

    /**
     * Serves a client on a thread of the caller's kind, or tells it why not. If this throws an error, nothing has changed and
     * the caller may try again.
     *
     * @param at where it has come in, for the log
     */
    public void admit(Connection connection, String at, Naming naming) throws IOException {
        if (stopping) {
            connection.close();
        } else if (places.tryAcquire()) {
            begin(connection, naming, null, places, accepted);
        } else if (refusals.tryAcquire()) {
            String why = "the server has its maximum of " + options.connectionsMax() + " connections";
            begin(connection, naming, why, refusals, refused);
        } else {
            connection.close();
            refused.increment();
            LOG.log(System.Logger.Level.WARNING, "client {0} refused: too many others are being refused", at);
        }
    }

    private void begin(
            Connection connection, Naming naming, @Nullable String refusal, Semaphore place, LongAdder counter)
            throws IOException {
        counter.increment();
        boolean begun = false;
        // One object for the map: to take a session out of it must need no memory.
        Long number = numbers.incrementAndGet();
        try {
            Session session = new Session(connection, shared, naming.name(number), refusal);
            Thread thread = Threads.unstarted("nbd-connection-" + number, () -> {
                try {
                    session.run();
                } finally {
                    end(number, place);
                }
            });
            running.put(number, session);
            starter.start(thread);
            begun = true;
        } finally {
            if (!begun) {
                running.remove(number);
                place.release();
                counter.decrement();
            }
        }
    }

    private void end(Long number, Semaphore place) {
        running.remove(number);
        place.release();
        lock.lock();
        try {
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    Exports exports() {
        return exports;
    }

    /** Returns the counters of all sessions, those included that have ended. */
    public NbdCounters counters() {
        return new NbdCounters(
                running.size(),
                accepted.sum(),
                refused.sum(),
                meters.requests.sum(),
                meters.errors.sum(),
                meters.bytesRead.sum(),
                meters.bytesWritten.sum());
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
