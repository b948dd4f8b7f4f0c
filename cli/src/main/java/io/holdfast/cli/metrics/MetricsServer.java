package io.holdfast.cli.metrics;

import io.holdfast.nbd.ListeningSockets;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.transport.Listener;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;

/**
 * Answers {@code /metrics}, {@code /healthz} and {@code /readyz} over HTTP, at a TCP port or a unix socket. The JDK's server knows no unix
 * sockets.
 *
 * <p>Invariants: at most {@link #CONNECTIONS_MAX} connections are open, each with one thread; more are closed at once. A client that is slow
 * is cut off ({@link HttpConnection}). No request takes a lock of the volume.
 */
public final class MetricsServer implements AutoCloseable {
    static final int CONNECTIONS_MAX = 16;

    private static final System.Logger LOG = System.getLogger("io.holdfast.http");

    private final HttpAddress address;
    private final Listener listener;
    private final Health health;
    private final MeantHosts hosts;
    private final Semaphore places = new Semaphore(CONNECTIONS_MAX);
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();
    private final ScheduledThreadPoolExecutor deadlines = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("holdfast-http-deadlines").factory());

    private MetricsServer(HttpAddress address, Listener listener, Health health) throws IOException {
        this.address = new HttpAddress(listener.address(), address.mode());
        this.listener = listener;
        this.health = health;
        this.hosts = new MeantHosts(
                listener.address() instanceof NbdAddress.Tcp tcp
                        ? Optional.of(InetAddress.getByName(tcp.host()))
                        : Optional.empty());
        deadlines.setRemoveOnCancelPolicy(true);
    }

    /**
     * Listens.
     *
     * @throws IOException if it cannot; the message says where and why
     */
    public static MetricsServer start(HttpAddress address, Health health) throws IOException {
        Listener listener;
        try {
            listener = Listener.open(address.listen(), ListeningSockets.NONE, address.mode());
        } catch (IOException e) {
            throw new IOException("--http " + e.getMessage(), e);
        }
        MetricsServer server;
        try {
            server = new MetricsServer(address, listener, health);
        } catch (IOException e) {
            listener.close();
            throw e;
        }
        Thread.ofPlatform().daemon().name("holdfast-http").start(() -> listener.run(server::take));
        return server;
    }

    /** Returns where it listens, with the real port. */
    public HttpAddress address() {
        return address;
    }

    private void take(SocketChannel socket) throws IOException {
        if (!places.tryAcquire()) {
            socket.close();
            return;
        }
        boolean taken = false;
        try {
            connections.add(socket);
            Thread.ofPlatform().daemon().name("holdfast-http-connection").start(() -> serve(socket));
            taken = true;
        } finally {
            if (!taken) {
                forget(socket);
            }
        }
    }

    private void serve(SocketChannel socket) {
        try (socket) {
            new HttpConnection(socket, deadlines).serve(this::answer);
        } catch (IOException | RejectedExecutionException e) {
            // Deadlines are rejected when the server is being stopped.
            LOG.log(Level.DEBUG, "{0}: a client went away or was cut off: {1}", address.listen(), e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "an HTTP request failed in an unexpected way", e);
        } finally {
            forget(socket);
        }
    }

    private void forget(SocketChannel socket) {
        connections.remove(socket);
        places.release();
    }

    private HttpAnswer answer(HttpRequest request) {
        if (!hosts.isMeant(request.host())) {
            return HttpAnswer.line(421, "this server answers to the address at which it listens, and to localhost");
        }
        if (!List.of("GET", "HEAD").contains(request.method())) {
            return HttpAnswer.line(405, "only GET and HEAD are answered here");
        }
        return switch (request.path()) {
            case "/metrics" -> metrics(request.accept());
            case "/healthz" -> state(health.sick());
            case "/readyz" -> state(health.notReady());
            default -> HttpAnswer.line(404, "there are /metrics, /healthz and /readyz");
        };
    }

    /** The older format goes to those alone who ask for it and not for OpenMetrics. */
    private HttpAnswer metrics(String accept) {
        boolean open = accept.contains("application/openmetrics-text") || !accept.contains("text/plain");
        return new HttpAnswer(200, open ? Exposition.OPEN_METRICS : Exposition.PROMETHEUS, health.metrics(open));
    }

    private static HttpAnswer state(Optional<String> trouble) {
        return HttpAnswer.line(trouble.isPresent() ? 503 : 200, trouble.orElse("ok"));
    }

    @Override
    public void close() {
        listener.close();
        deadlines.shutdownNow();
        for (SocketChannel socket : connections) {
            try {
                socket.close();
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "{0}: closing a connection failed: {1}", address.listen(), e.getMessage());
            }
        }
    }
}
