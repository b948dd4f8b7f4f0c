package io.holdfast.cli.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.metrics.HttpRequest.Malformed;
import io.holdfast.fuzz.FuzzTarget;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Heads of requests to the HTTP server. */
public final class HttpRequestFuzz implements FuzzTarget {
    private static final MeantHosts HOSTS = new MeantHosts(Optional.of(InetAddress.getLoopbackAddress()));

    @Override
    public void run(byte[] input) {
        int count = Math.min(input.length, HttpRequest.BYTES_MAX);
        int length = HttpRequest.lengthOf(input, count);
        if (length < 0) {
            return;
        }
        assertThat(length).isBetween(1, count);
        assertThat(input[length - 1]).isEqualTo((byte) '\n');
        // What has come of a head is none before its last byte is there.
        assertThat(HttpRequest.lengthOf(input, length - 1)).isEqualTo(-1);
        try {
            HttpRequest request = HttpRequest.parse(input, length);
            assertThat(request.path()).doesNotContain("?", " ", "\n");
            var _ = HOSTS.isMeant(request.host());
        } catch (Malformed e) {
            assertThat(e.status()).isIn(400, 431);
        }
    }

    @Override
    public List<byte[]> seeds() {
        return Stream.of(
                        "GET /metrics HTTP/1.1\r\nHost: localhost:9190\r\nAccept: text/plain\r\n\r\n",
                        "HEAD http://[::1]/readyz?a=b HTTP/1.1\nHost: x\n\n",
                        "GET /healthz HTTP/1.0\r\n\r\n")
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1))
                .toList();
    }
}
