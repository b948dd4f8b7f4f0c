package io.holdfast.cli.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdCounters;
import io.holdfast.nbd.NbdMetrics;
import io.holdfast.nbd.SocketMode;
import io.holdfast.volume.LatencyCounts;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeUsage;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The HTTP server of a server, and clients that mean no good. */
@Timeout(120)
class MetricsServerTest {
    private static final String HOSTILE = "a\"b\\c\nd 💾{} #";

    private final AtomicLong now = new AtomicLong(5);
    private final Health health = new Health(now::get);
    private MetricsServer server;

    @BeforeEach
    void start() throws IOException {
        server = MetricsServer.start(at(0), health);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static HttpAddress at(int port) {
        return new HttpAddress(new NbdAddress.Tcp("127.0.0.1", port), SocketMode.OWNER);
    }

    private static ServerReadings readings() {
        return readings(HOSTILE);
    }

    private static ServerReadings readings(String... names) {
        List<NbdMetrics.Export> exports = Stream.of(names)
                .map(name -> new NbdMetrics.Export(name, Map.of("read", 3L), 1, 12288, 0))
                .toList();
        NbdMetrics nbd = new NbdMetrics(
                new NbdCounters(1, 1, 0, 3, 1, 12288, 0),
                List.of(new NbdMetrics.Operation("read", LatencyCounts.NONE)),
                exports,
                new NbdMetrics.Export("", Map.of("read", 0L), 0, 0, 0));
        return new ServerReadings(
                false,
                false,
                7,
                0,
                new VolumeUsage(100, 50, 0, 10, 40, 0),
                Optional.empty(),
                new VolumeCounters(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.of(new ServerReadings.Doors(nbd, 100, 0, 1 << 20)));
    }

    private HttpResponse<String> get(String method, String path, String... headers) throws IOException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest.Builder request = HttpRequest.newBuilder(
                            URI.create(server.address().uri() + path))
                    .method(method, HttpRequest.BodyPublishers.noBody());
            if (headers.length > 0) {
                request.headers(headers);
            }
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private HttpResponse<String> get(String path) throws IOException {
        return get("GET", path);
    }

    @Test
    void aVolumeThatIsBeingOpenedIsWellAndNotReady() throws IOException {
        now.addAndGet(TimeUnit.DAYS.toNanos(1));
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
        assertThat(get("/readyz").statusCode()).isEqualTo(503);
        assertThat(get("/readyz").body()).contains("being opened");
        assertThat(get("/metrics").body()).contains("holdfast_volume_open 0\n").doesNotContain("holdfast_volume_size");
    }

    @Test
    void aServerThatLooksIsReadyAndOneThatNoLongerDoesIsSick() throws IOException {
        health.saw(readings(), "");
        assertThat(get("/healthz").body()).isEqualTo("ok\n");
        assertThat(get("/readyz").statusCode()).isEqualTo(200);
        health.saw(readings(), "the volume has failed");
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
        assertThat(get("/readyz").body()).isEqualTo("the volume has failed\n");
        now.addAndGet(Health.LOOK_MAX.toNanos() + 1);
        assertThat(get("/healthz").statusCode()).isEqualTo(503);
        assertThat(get("/healthz").body()).contains("hangs", "120 s ago");
    }

    @Test
    void aNameIsAValueWhateverItHas() throws IOException {
        health.saw(readings(), "");
        assertThat(get("/metrics").body())
                .contains("holdfast_nbd_read_bytes_total{export=\"/a\\\"b\\\\c\\nd 💾{} #\"} 12288\n")
                .contains("holdfast_nbd_requests_total{export=\"/a\\\"b\\\\c\\nd 💾{} #\",operation=\"read\"} 3\n")
                .contains("holdfast_nbd_read_bytes_total{export=\"other\"} 0\n")
                .endsWith("# EOF\n");
    }

    /** A hundred names of 4096 bytes in a dozen lines each would not fit a small heap. */
    @Test
    void aLongNameIsCutAndStaysItsOwn() throws IOException {
        String longName = "💾".repeat(1000);
        health.saw(readings(longName + 1, longName + 2, "x".repeat(199)), "");
        assertThat(get("/metrics").body())
                .contains("holdfast_nbd_read_bytes_total{export=\"/" + "💾".repeat(99) + "… #0\"} 12288\n")
                .contains("holdfast_nbd_read_bytes_total{export=\"/" + "💾".repeat(99) + "… #1\"} 12288\n")
                .contains("holdfast_nbd_read_bytes_total{export=\"/" + "x".repeat(199) + "\"} 12288\n");
    }

    @Test
    void theFormatIsTheOneThatTheClientTakes() throws IOException {
        health.saw(readings(), "");
        assertThat(type("*/*")).startsWith("application/openmetrics-text; version=1.0.0");
        assertThat(type("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"))
                .startsWith("application/openmetrics-text");
        assertThat(type("text/plain;version=0.0.4")).startsWith("text/plain; version=0.0.4");
        assertThat(get("GET", "/metrics", "Accept", "text/plain").body())
                .contains("# TYPE holdfast_device_writes_total counter\n")
                .doesNotContain("# EOF", "# UNIT");
    }

    private String type(String accept) throws IOException {
        return get("GET", "/metrics", "Accept", accept)
                .headers()
                .firstValue("Content-Type")
                .orElseThrow();
    }

    @Test
    void onlyReadingIsAnswered() throws IOException {
        assertThat(get("HEAD", "/metrics").statusCode()).isEqualTo(200);
        assertThat(get("HEAD", "/metrics").body()).isEmpty();
        assertThat(get("POST", "/metrics").statusCode()).isEqualTo(405);
        assertThat(get("DELETE", "/healthz").headers().firstValue("Allow")).contains("GET, HEAD");
        assertThat(get("/").statusCode()).isEqualTo(404);
        assertThat(get("/metrics/../../etc/passwd").statusCode()).isEqualTo(404);
    }

    @Test
    void anAddressThatIsTakenIsSaid() {
        URI uri = URI.create(server.address().uri());
        assertThatThrownBy(() -> MetricsServer.start(at(uri.getPort()), health))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("--http cannot listen on tcp:127.0.0.1:" + uri.getPort());
    }

    /** A page with a name that leads to this machine must not read what the server says. */
    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:9190,true",
        "127.0.0.1,true",
        "localhost:80,true",
        "LOCALHOST,true",
        "[::1]:9190,true",
        "127.8.8.8,true",
        "evil.example:9190,false",
        "127.0.0.1.evil.example,false",
        "10.0.2.2:9190,false",
        "[::1,false",
        "'',false"
    })
    void aNameThatIsNotOfThisMachineIsNotAnswered(String host, boolean answered) throws IOException {
        String request = "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
        assertThat(raw(request.getBytes(StandardCharsets.ISO_8859_1)))
                .startsWith("HTTP/1.1 " + (answered ? "200" : "421"));
    }

    @Test
    void aServerThatOthersReachIsAskedForByAnyName() throws IOException {
        assertThat(new MeantHosts(Optional.of(InetAddress.ofLiteral("0.0.0.0"))).isMeant("vms.example:9190"))
                .isTrue();
        assertThat(new MeantHosts(Optional.of(InetAddress.getLoopbackAddress())).isMeant(null))
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n                   | 200
                GET /healthz?x=/metrics HTTP/1.1\\nhOST:localhost\\n\\n                    | 200
                GET http://localhost:9190/healthz HTTP/1.1\\r\\nHost: x.example\\r\\n\\r\\n | 200
                GET http://x.example/healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n      | 421
                GET //localhost/healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n          | 404
                GET /healthz HTTP/1.0\\r\\n\\r\\n                                      | 200
                GET /healthz HTTP/1.1\\r\\n\\r\\n                                      | 400
                GET /healthz HTTP/1.1\\r\\nHost: a\\r\\nHost: localhost\\r\\n\\r\\n        | 400
                GET /healthz HTTP/1.1\\r\\nHost : localhost\\r\\n\\r\\n                  | 400
                GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n x\\r\\n\\r\\n             | 400
                GET /healthz HTTP/2.0\\r\\nHost: localhost\\r\\n\\r\\n                   | 400
                GET  /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n                  | 400
                """)
    void aRequestIsReadAsTheStandardSays(String request, int status) throws IOException {
        String bytes = request.replace("\\r", "\r").replace("\\n", "\n");
        assertThat(raw(bytes.getBytes(StandardCharsets.ISO_8859_1))).startsWith("HTTP/1.1 " + status + " ");
    }

    private Socket connect() throws IOException {
        URI uri = URI.create(server.address().uri());
        return new Socket(uri.getHost(), uri.getPort());
    }

    /** Sends a request as it stands, and returns what comes until the server closes. */
    private String raw(byte[] request) throws IOException {
        try (Socket socket = connect()) {
            try {
                socket.getOutputStream().write(request);
                socket.getOutputStream().flush();
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            } catch (IOException e) {
                return ""; // cut off
            }
        }
    }

    @Test
    void whatIsNoRequestOrTooLargeIsCutOff() throws IOException {
        health.saw(readings(), "");
        String huge = "GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + "a".repeat(1 << 20) + "\r\n\r\n";
        assertThat(raw(huge.getBytes(StandardCharsets.ISO_8859_1))).doesNotContain("200 OK");
        StringBuilder many = new StringBuilder("GET /metrics HTTP/1.1\r\nHost: x\r\n");
        for (int i = 0; i < 1000; i++) {
            many.append("X").append(i).append(": 1\r\n");
        }
        assertThat(raw(many.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1)))
                .doesNotContain("200 OK");
        assertThat(raw("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1)))
                .doesNotContain("200 OK");
        assertThat(raw(new byte[] {0, 1, 2, '\r', '\n', '\r', '\n'})).doesNotContain("200 OK");
        assertThat(raw("GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n"
                        .getBytes(StandardCharsets.ISO_8859_1)))
                .contains("200 OK");
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }

    /** Clients that send nothing take all places; they are cut off, and then there is room again. */
    @Test
    void clientsThatSendNothingAreCutOff() throws IOException {
        List<Socket> idle = new ArrayList<>();
        try {
            for (int i = 0; i < 3 * MetricsServer.CONNECTIONS_MAX; i++) {
                Socket socket = connect();
                idle.add(socket);
                socket.getOutputStream().write("GET /metrics HTTP/1.1\r\nX: ".getBytes(StandardCharsets.ISO_8859_1));
            }
            for (Socket socket : idle) {
                assertThat(ends(socket)).isTrue();
            }
            assertThat(get("/healthz").statusCode()).isEqualTo(200);
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }

    private SocketChannel connect(Path socket) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    @Test
    void aUnixSocketHasItsModeAndAnswersAnyHost(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("vms http");
        SocketMode mode = new SocketMode(Optional.empty(), SocketMode.permissions("0660"));
        HttpAddress address = new HttpAddress(new NbdAddress.Unix(path), mode);
        try (MetricsServer local = MetricsServer.start(address, health)) {
            assertThat(local.address().uri())
                    .isEqualTo(
                            "http+unix://" + path.toString().replace("/", "%2F").replace(" ", "%20"));
            assertThat(local.address().shown("/metrics")).isEqualTo("/metrics at unix:" + path);
            assertThat(Files.getPosixFilePermissions(path)).isEqualTo(mode.permissions());
            for (String host : List.of("localhost", "vms.example", "")) {
                try (SocketChannel socket = connect(path)) {
                    socket.write(ByteBuffer.wrap(("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
                            .getBytes(StandardCharsets.ISO_8859_1)));
                    assertThat(new String(Channels.newInputStream(socket).readAllBytes(), StandardCharsets.UTF_8))
                            .startsWith("HTTP/1.1 200 OK\r\n")
                            .endsWith("# EOF\n");
                }
            }
            assertThatThrownBy(() -> MetricsServer.start(address, health))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("--http another server listens on " + path);
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void aUnixSocketCutsOffWhoSendsNothing(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("s");
        HttpAddress address = new HttpAddress(new NbdAddress.Unix(path), SocketMode.OWNER);
        try (MetricsServer _ = MetricsServer.start(address, health);
                SocketChannel silent = connect(path)) {
            assertThat(Channels.newInputStream(silent).readAllBytes()).isEmpty();
        }
    }

    private static boolean ends(Socket socket) {
        try (InputStream in = socket.getInputStream()) {
            in.readAllBytes();
        } catch (IOException e) {
            // A reset is an end, too.
        }
        return true;
    }
}
