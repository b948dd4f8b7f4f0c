package io.holdfast.cli.control;

import io.holdfast.error.ErrorCode;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Serves the operations of a volume at its control socket.
 *
 * <p>Invariants: at most {@link #CONNECTIONS_MAX} connections; one more is told so and closed. After {@link #close} no
 * connection uses the volume, or {@link #STOP_MAX} has passed.
 */
public final class ControlServer implements AutoCloseable {
    static final int CONNECTIONS_MAX = 32;
    private static final Duration STOP_MAX = Duration.ofSeconds(10);
    private static final System.Logger LOG = System.getLogger(ControlServer.class.getName());

    private final Volume volume;
    private final ControlSocket socket;
    private final Duration frameTime;
    private final Watchdog watchdog = new Watchdog();
    private final Semaphore places = new Semaphore(CONNECTIONS_MAX);
    private final Set<ControlConnection> connections = ConcurrentHashMap.newKeySet();
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("control-", 0).factory());

    private volatile boolean stopping;

    private ControlServer(Volume volume, ControlSocket socket, Duration frameTime) {
        this.volume = volume;
        this.socket = socket;
        this.frameTime = frameTime;
    }

    /** Starts serving {@code volume}, which this process has open, at the first place that can be bound. */
    public static ControlServer start(Volume volume, ControlPath path) throws IOException {
        return start(volume, path, FrameChannel.FRAME_TIME_MAX);
    }

    static ControlServer start(Volume volume, ControlPath path, Duration frameTime) throws IOException {
        ControlServer server = new ControlServer(volume, bind(path), frameTime);
        server.threads.execute(server::accept);
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
        try {
            while (true) {
                SocketChannel client = socket.channel().accept();
                try {
                    take(new FrameChannel(client, watchdog, frameTime));
                } catch (RejectedExecutionException e) {
                    LOG.log(Level.DEBUG, "a control client came while the server was being stopped", e);
                    client.close();
                }
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "the control socket is closed", e);
        }
    }

    private void take(FrameChannel frames) throws IOException {
        if (places.tryAcquire()) {
            serve(new ControlConnection(frames, volume));
        } else {
            threads.execute(() -> refuse(frames));
        }
    }

    private void serve(ControlConnection connection) throws IOException {
        connections.add(connection);
        threads.execute(() -> {
            try {
                connection.run();
            } finally {
                connections.remove(connection);
                places.release();
            }
        });
        // Whoever stops the server finds the connection in the set, or is seen here: no client waits for nobody.
        if (stopping) {
            connection.close();
        }
    }

    private static void refuse(FrameChannel frames) {
        try (frames) {
            Reply reply = new Reply.Problem(
                    ErrorCode.NO_MEMORY,
                    "the server has " + CONNECTIONS_MAX + " control connections already; wait for one to end");
            frames.write(new Frame(Codec.bytes(reply), Frame.NO_DATA));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a refused control client left first", e);
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
                LOG.log(Level.WARNING, "a control request still runs after {0} s", STOP_MAX.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        watchdog.close();
    }
}
