package io.holdfast.sim.nbd;

import io.holdfast.nbd.NbdEnvironment;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.NbdSessions;
import io.holdfast.sim.Scenario;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.sim.schedule.Scheduler;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The NBD server of a simulation. It serves in one phase after the other, each time with new sessions on the volume that
 * is open then. Its memory, and the room in its connections, are so small that a few requests fill them.
 */
public final class NbdDoor {
    /** How long a client may stall. */
    public static final Duration STALL_MAX = Duration.ofSeconds(100);

    /** How long a client may take to choose an export. */
    public static final Duration HANDSHAKE_MAX = Duration.ofSeconds(60);

    /** What a connection moves at a time when it may have no more memory. */
    public static final int STEP_BYTES = 4096;

    /** Clients at once. */
    public static final int CONNECTIONS_MAX = 8;

    /** Every connection may hold so much memory for payloads, whatever others hold. */
    public static final int GUARANTEED = 128 << 10;

    /** Requests of one connection in flight. */
    private static final List<Integer> REQUESTS_MAX = List.of(2, 8, 64, 64);

    private static final int LOOK_AHEAD_BYTES = 16 << 10;
    private static final long STOP_NANOS_MAX = 100_000_000_000L;
    /** After its client has left a session has so long to end: the device may be slow. */
    private static final long END_NANOS_MAX = 300_000_000_000L;

    private final Scheduler scheduler;
    private final SplittableRandom random;
    private final NbdOptions options;
    private final IntSupplier errors;
    private int excused;
    private boolean stopping;
    private @Nullable NbdSessions sessions;

    /** @param errors how many errors have been thrown in sessions so far */
    public NbdDoor(Scenario scenario, Scheduler scheduler, IntSupplier errors) {
        this.scheduler = scheduler;
        this.random = scenario.random("door");
        this.errors = errors;
        this.options = NbdOptions.defaults()
                .withConnectionsMax(CONNECTIONS_MAX)
                .withBytesMax(2L * CONNECTIONS_MAX * GUARANTEED)
                .withRequestsMax(REQUESTS_MAX.get(random.nextInt(REQUESTS_MAX.size())))
                .withHandshakeTimeout(HANDSHAKE_MAX)
                .withStallTimeout(STALL_MAX);
    }

    /** Begins to serve a volume. */
    public void open(Volume volume) {
        stopping = false;
        sessions = new NbdSessions(
                volume, options, new NbdEnvironment(scheduler, ByteBuffer::allocate, STEP_BYTES, LOOK_AHEAD_BYTES, 2));
    }

    private NbdSessions sessions() {
        NbdSessions now = sessions;
        if (now == null) {
            throw new IllegalStateException("the door is closed");
        }
        return now;
    }

    /** Returns whether one more client must find a place. */
    public boolean hasRoom() {
        return sessions().counters().connections() < CONNECTIONS_MAX;
    }

    /** Connects a client. */
    public SimConnection connect() {
        SimConnection connection = new SimConnection(new Line(), room(), room());
        try {
            sessions().admit(connection.server(), "sim", number -> {
                String name = "client " + number;
                return NbdSessions.Client.named(name);
            });
        } catch (IOException e) {
            throw new ViolationException("a client was not admitted", e);
        }
        return connection;
    }

    private int room() {
        return 1024 << random.nextInt(5);
    }

    /** How bytes move: now and then few of them, and others may come between. */
    private final class Line implements Medium {
        @Override
        public void pause() {
            if (random.nextInt(4) == 0) {
                scheduler.pause();
            } else if (random.nextInt(64) == 0) {
                scheduler.sleep(random.nextInt(5_000_000));
            }
        }

        @Override
        public int some(int max) {
            return random.nextInt(3) > 0 ? max : 1 + random.nextInt(max);
        }

        @Override
        public boolean resets() {
            return random.nextBoolean();
        }

        @Override
        public long nanoTime() {
            return scheduler.nanoTime();
        }

        @Override
        public void await(ReentrantLock lock, Condition condition, long nanos) throws InterruptedException {
            scheduler.await(lock, condition, nanos);
        }
    }

    /** Returns whether the server is being stopped, while clients are there. */
    public boolean isStopping() {
        return stopping;
    }

    /**
     * Accounts for a connection that the server has ended: returns whether it stops, or an error has been thrown that no
     * other connection has ended for.
     */
    public boolean excuse() {
        if (stopping) {
            return true;
        }
        if (excused >= errors.getAsInt()) {
            return false;
        }
        excused++;
        return true;
    }

    /** Stops serving while clients are there. */
    public void stop() {
        if (!stopping) {
            stopping = true;
            sessions().stop(scheduler.nanoTime() + STOP_NANOS_MAX);
        }
    }

    /**
     * Stops serving when all clients have left. Every session must have ended by itself, and have given everything back.
     */
    public void close() {
        NbdSessions now = sessions();
        for (long waited = 0;
                waited < END_NANOS_MAX && now.counters().connections() > 0;
                waited += END_NANOS_MAX / 100) {
            scheduler.sleep(END_NANOS_MAX / 100);
        }
        if (now.counters().connections() > 0) {
            throw new ViolationException(
                    "all clients have left, and sessions have not ended\n" + scheduler.describeThreads());
        }
        stop();
        if (now.payloadBytesHeld() > 0) {
            throw new ViolationException(
                    "no session is left, and they hold %d bytes".formatted(now.payloadBytesHeld()));
        }
        sessions = null;
    }
}
