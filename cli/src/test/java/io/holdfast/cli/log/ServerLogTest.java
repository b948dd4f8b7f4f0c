package io.holdfast.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

@Timeout(60)
@Isolated("the process has one log")
class ServerLogTest {
    private static final System.Logger LOG = System.getLogger("io.holdfast.test");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);

    private List<String> lines() {
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void aLineHasTheTimeTheLevelAndTheParameters() {
        try (ServerLog _ = ServerLog.open(out, false)) {
            LOG.log(Level.WARNING, "it''s {1} of {0} {2}", 12345, "disk\n", "x");
        }
        assertThat(lines()).hasSize(1);
        assertThat(lines().getFirst())
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{3})?(Z|[+-]\\d\\d:\\d\\d) holdfast warning:"
                        + " it''s disk\\\\x0a of 12345 x");
    }

    @Test
    void anErrorIsOneLine() {
        try (ServerLog _ = ServerLog.open(out, false)) {
            LOG.log(Level.WARNING, "it failed", new IOException("no such thing"));
            LOG.log(Level.ERROR, "it failed badly", new IllegalStateException("a defect"));
            LOG.log(Level.DEBUG, "never mind");
        }
        assertThat(lines()).hasSize(2);
        assertThat(lines().getFirst()).endsWith("holdfast warning: it failed: no such thing");
        assertThat(lines().getLast())
                .contains("holdfast error: it failed badly: java.lang.IllegalStateException: a defect at ")
                .contains("ServerLogTest");
    }

    @Test
    void jsonIsOneObjectALine() {
        try (ServerLog _ = ServerLog.open(out, true)) {
            LOG.log(Level.WARNING, "a \"quoted\" word");
        }
        assertThat(lines().getFirst())
                .startsWith("{\"time\":\"")
                .endsWith("\"level\":\"warning\",\"message\":\"a \\\"quoted\\\" word\"}");
    }

    @Test
    void manyOfAKindAreCounted() {
        try (ServerLog _ = ServerLog.open(out, false)) {
            for (int i = 0; i < 10_000; i++) {
                LOG.log(Level.WARNING, "refused {0}", i);
            }
            LOG.log(Level.WARNING, "something else");
        }
        assertThat(lines()).hasSizeLessThan(2 * RateLimit.BURST);
        assertThat(lines().getFirst()).endsWith("refused 0");
        assertThat(lines()).anyMatch(line -> line.endsWith("holdfast warning: something else"));
        assertThat(lines().getLast()).contains("more lines like this were left out; the last: refused 9999");
    }

    /** The server goes on when the reader of standard error stops reading. */
    @Test
    void nobodyWaitsForTheReader() throws InterruptedException {
        CountDownLatch released = new CountDownLatch(1);
        PrintStream stuck = new PrintStream(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                try {
                    released.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        });
        try (ServerLog _ = ServerLog.open(stuck, false)) {
            for (int i = 0; i < 5000; i++) {
                LOG.log(Level.WARNING, i + " {0}", i);
            }
            released.countDown();
        }
    }

    @Test
    void aLongLineIsCut() {
        try (ServerLog _ = ServerLog.open(out, false)) {
            LOG.log(Level.WARNING, "x".repeat(1 << 20));
        }
        assertThat(lines().getFirst()).hasSizeLessThan(LogText.LENGTH_MAX + 100).endsWith("…");
    }
}
