package io.holdfast.cli.control;

import io.holdfast.door.AcceptLoop;
import io.holdfast.error.ErrorCode;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * Serves the operations of a volume at its control socket.
 *
 * <p>Invariants: it serves at most {@link #CONNECTIONS_MAX} connections. It tells a further client why it is refused,
 * at most {@link #REFUSALS_MAX} at a time, and closes the connection. The accepting thread ends only when the socket is
 * closed ({@link AcceptLoop}). When {@link #close} returns, no connection uses the volume, or {@link #STOP_MAX} has
 * passed.
 *
 * <p>It uses platform threads. The carriers of virtual threads are started on demand, and by then the system may have
 * no thread left.
 */
public final class ControlServer implements AutoCloseable {
    static final int CONNECTIONS_MAX = 32;
    private static final int REFUSALS_MAX = 8;
    private static final Duration STOP_MAX = Duration.ofSeconds(2);
    private static final System.Logger LOG = System.getLogger(ControlServer.class.getName());

    private final Served served;
    private final ControlSocket socket;
    private final Duration frameTime;
    private final Watchdog watchdog = new Watchdog();
    private final Semaphore places = new Semaphore(CONNECTIONS_MAX);
    private final Set<ControlConnection> connections = ConcurrentHashMap.newKeySet();
    private final Semaphore refusals = new Semaphore(REFUSALS_MAX);
    private final ExecutorService threads;

    private volatile boolean stopping;

    private ControlServer(Served served, ControlSocket socket, Duration frameTime, ThreadFactory factory) {
        this.threads = Executors.newThreadPerTaskExecutor(factory);
        this.served = served;
        this.socket = socket;
        this.frameTime = frameTime;
    }

    /** Starts serving {@code volume}, which this process has open, at the first place that can be bound. */
    public static ControlServer start(Volume volume, ControlPath path) throws IOException {
        return start(Served.only(volume), path);
    }

    /** Does as {@link #start(Volume, ControlPath)}, with what may be replaced later. */
    public static ControlServer start(Served served, ControlPath path) throws IOException {
        return start(served, path, FrameChannel.FRAME_TIME_MAX);
    }

    static ControlServer start(Volume volume, ControlPath path, Duration frameTime) throws IOException {
        return start(Served.only(volume), path, frameTime);
    }

    private static ControlServer start(Served served, ControlPath path, Duration frameTime) throws IOException {
        return start(
                served,
                path,
                frameTime,
                Thread.ofPlatform().daemon().name("control-", 0).factory());
    }

    static ControlServer start(Volume volume, ControlPath path, Duration frameTime, ThreadFactory factory)
            throws IOException {
        return start(Served.only(volume), path, frameTime, factory);
    }

    private static ControlServer start(Served served, ControlPath path, Duration frameTime, ThreadFactory factory)
            throws IOException {
        ControlServer server = new ControlServer(served, bind(path), frameTime, factory);
        Thread.ofPlatform().daemon().name("control-accept").start(server::accept);
        return server;
    }

    private static ControlSocket bind(ControlPath path) throws IOException {
        IOException failure = new IOException("no place for the control socket");
        for (Path candidate : path.candidates()) {
            try {
                path.prepare(candidate);
                return ControlSocket.bind(candidate);
            } catch (IOException e) {
                failure.addSuppressed(e);
                LOG.log(Level.DEBUG, "cannot bind the control socket " + candidate, e);
            }
        }
        throw failure;
    }

    public Path path() {
        return socket.path();
    }

    private void accept() {
        ServerSocketChannel listening = socket.channel();
        new AcceptLoop(path().toString(), listening::isOpen, listening::accept, this::take).run();
    }

    /**
     * Serves a client or tells it why not. If this throws an error, nothing has changed and the caller may try again.
     */
    private void take(SocketChannel client) throws IOException {
        // Allocate everything before taking a place: an OutOfMemoryError after that would lose the place.
        FrameChannel frames = new FrameChannel(client, watchdog, frameTime);
        ControlConnection connection = new ControlConnection(frames, served);
        Runnable end = () -> connections.remove(connection);
        if (places.tryAcquire()) {
            connections.add(connection);
            run(connection, places, end);
            // close() sets stopping before it goes through the set. So either close() finds this connection, or we see
            // stopping here; no client is left waiting.
            if (stopping) {
                connection.close();
            }
        } else if (refusals.tryAcquire()) {
            LOG.log(
                    Level.WARNING,
                    "control client refused: there are {0} already; end commands that hang",
                    CONNECTIONS_MAX);
            run(() -> refuse(frames), refusals, end);
        } else {
            client.close();
        }
    }

    private void run(Runnable task, Semaphore place, Runnable end) throws IOException {
        boolean begun = false;
        try {
            threads.execute(() -> {
                try {
                    task.run();
                } finally {
                    end.run();
                    place.release();
                }
            });
            begun = true;
        } catch (RejectedExecutionException e) {
            throw new IOException("the server is being stopped", e);
        } finally {
            if (!begun) {
                end.run();
                place.release();
            }
        }
    }

    private static void refuse(FrameChannel frames) {
        try (frames) {
            Reply reply = new Reply.Problem(
                    ErrorCode.NO_MEMORY,
                    "the server has " + CONNECTIONS_MAX + " control connections already; wait for one to end");
            frames.write(new Frame(Codec.bytes(reply), Frame.NO_DATA));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a refused control client left first: {0}", e.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        stopping = true;
        socket.close();
        for (ControlConnection connection : connections) {
            connection.close();
        }
        threads.shutdown();
        try {
            boolean ended = threads.awaitTermination(STOP_MAX.toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                LOG.log(
                        Level.WARNING,
                        "a control request still runs after {0} s; the server ends without it",
                        STOP_MAX.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        watchdog.close();
    }
}
