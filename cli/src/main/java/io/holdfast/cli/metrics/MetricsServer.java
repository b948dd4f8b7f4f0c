package io.holdfast.cli.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Answers {@code /metrics}, {@code /healthz} and {@code /readyz} over HTTP, by the JDK's server.
 *
 * <p>Invariants: at most {@link #CONNECTIONS_MAX} connections are open, each with at most one thread. A client that takes longer than {@link
 * #REQUEST_SECONDS} for its request, or {@link #RESPONSE_SECONDS} for its answer, is cut off. What a request carries is not read. No request takes a lock of
 * the volume.
 */
public final class MetricsServer implements AutoCloseable {
    static final int CONNECTIONS_MAX = 16;
    static final int REQUEST_SECONDS = 5;
    static final int RESPONSE_SECONDS = 10;
    private static final int HEADERS_MAX = 50;
    private static final int HEADER_BYTES_MAX = 16 << 10;
    private static final int BACKLOG = 16;
    private static final int PIECE = 16 << 10;

    private static final System.Logger LOG = System.getLogger("io.holdfast.http");
    private static final String TEXT = "text/plain; charset=utf-8";

    private final HttpServer server;
    private final ThreadPoolExecutor threads;
    private final Health health;
    private final MeantHosts hosts;

    private MetricsServer(HttpServer server, ThreadPoolExecutor threads, Health health) {
        this.hosts = new MeantHosts(server.getAddress().getAddress());
        this.server = server;
        this.threads = threads;
        this.health = health;
    }

    /**
     * Listens.
     *
     * @throws IOException if it cannot; the message says where and why
     */
    public static MetricsServer start(InetSocketAddress address, Health health) throws IOException {
        bound();
        HttpServer server;
        try {
            server = HttpServer.create(address, BACKLOG);
        } catch (IOException e) {
            throw new IOException(
                    "--http cannot listen at " + shown(address) + ": " + e.getMessage()
                            + "; choose another port, or end who has this one",
                    e);
        }
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                0,
                CONNECTIONS_MAX + 1,
                10,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                Thread.ofPlatform().daemon().name("holdfast-http-", 0).factory());
        MetricsServer metrics = new MetricsServer(server, threads, health);
        server.setExecutor(threads);
        server.createContext("/", metrics::answer);
        server.start();
        return metrics;
    }

    /** Sets the bounds of the JDK's server. It takes them from the system's properties, once. */
    private static void bound() {
        System.setProperty("jdk.httpserver.maxConnections", Integer.toString(CONNECTIONS_MAX));
        System.setProperty("sun.net.httpserver.maxReqTime", Integer.toString(REQUEST_SECONDS));
        System.setProperty("sun.net.httpserver.maxRspTime", Integer.toString(RESPONSE_SECONDS));
        System.setProperty("sun.net.httpserver.maxReqHeaders", Integer.toString(HEADERS_MAX));
        System.setProperty("sun.net.httpserver.maxReqHeaderSize", Integer.toString(HEADER_BYTES_MAX));
        System.setProperty("sun.net.httpserver.drainAmount", "0");
    }

    /** Returns where it listens, with the real port. */
    public String uri() {
        return "http://" + shown(server.getAddress());
    }

    private static String shown(InetSocketAddress address) {
        InetAddress host = address.getAddress();
        String name = host == null ? address.getHostString() : host.getHostAddress();
        return (name.contains(":") ? "[" + name + "]" : name) + ":" + address.getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            try {
                answerNow(exchange);
            } catch (RuntimeException | Error e) {
                LOG.log(Level.ERROR, "an HTTP request failed in an unexpected way", e);
                throw e;
            }
        }
    }

    private void answerNow(HttpExchange exchange) throws IOException {
        // A request with a body would leave it in the way of the next one.
        exchange.getResponseHeaders().set("Connection", "close");
        if (!hosts.isMeant(exchange.getRequestHeaders().getFirst("Host"))) {
            send(exchange, 421, TEXT, "this server answers to the address at which it listens, and to localhost\n");
            return;
        }
        if (!List.of("GET", "HEAD").contains(exchange.getRequestMethod())) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            send(exchange, 405, TEXT, "only GET and HEAD are answered here\n");
            return;
        }
        switch (exchange.getRequestURI().getPath()) {
            case "/metrics" -> {
                boolean open = takesOpenMetrics(exchange);
                String type = open ? Exposition.OPEN_METRICS : Exposition.PROMETHEUS;
                send(exchange, 200, type, health.metrics(open));
            }
            case "/healthz" -> send(exchange, health.sick());
            case "/readyz" -> send(exchange, health.notReady());
            case null, default -> send(exchange, 404, TEXT, "there are /metrics, /healthz and /readyz\n");
        }
    }

    /** The older format goes to those alone who ask for it and not for OpenMetrics. */
    private static boolean takesOpenMetrics(HttpExchange exchange) {
        String accept = String.join(",", exchange.getRequestHeaders().getOrDefault("Accept", List.of()));
        return accept.contains("application/openmetrics-text") || !accept.contains("text/plain");
    }

    private static void send(HttpExchange exchange, Optional<String> trouble) throws IOException {
        send(exchange, trouble.isPresent() ? 503 : 200, TEXT, trouble.orElse("ok") + "\n");
    }

    private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream body = exchange.getResponseBody()) {
            // Each write takes a buffer outside the heap as long as itself, and there is little memory for these.
            for (int from = 0; from < bytes.length; from += PIECE) {
                body.write(bytes, from, Math.min(PIECE, bytes.length - from));
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
