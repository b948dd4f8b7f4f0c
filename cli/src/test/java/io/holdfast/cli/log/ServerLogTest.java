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
        try (ServerLog _ = ServerLog.open(out, LogFormat.TEXT)) {
            LOG.log(Level.WARNING, "it''s {1} of {0} {2}", 12345, "disk\n", "x");
        }
        assertThat(lines()).hasSize(1);
        assertThat(lines().getFirst())
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{3})?(Z|[+-]\\d\\d:\\d\\d) warning test:"
                        + " it''s disk\\\\x0a of 12345 x");
    }

    @Test
    void theLinesOfOneSocketDoNotSilenceThoseOfAnother() {
        try (ServerLog _ = ServerLog.open(out, LogFormat.TEXT)) {
            for (int i = 0; i < 5 * RateLimit.BURST; i++) {
                LOG.log(Level.WARNING, "client {0} refused", i, "unix:/run/noisy");
            }
            LOG.log(Level.WARNING, "client {0} refused", "of another", "unix:/run/quiet");
        }
        assertThat(lines()).anyMatch(line -> line.endsWith("client of another refused"));
        assertThat(lines()).hasSizeLessThan(2 * RateLimit.BURST).noneMatch(line -> line.contains("unix:"));
    }

    @Test
    void anErrorIsOneLine() {
        try (ServerLog _ = ServerLog.open(out, LogFormat.TEXT)) {
            LOG.log(Level.WARNING, "it failed", new IOException("no such thing"));
            LOG.log(Level.ERROR, "it failed badly", new IllegalStateException("a defect"));
            LOG.log(Level.DEBUG, "never mind");
        }
        assertThat(lines()).hasSize(2);
        assertThat(lines().getFirst()).endsWith("warning test: it failed: no such thing");
        assertThat(lines().getLast())
                .contains("error test: it failed badly: java.lang.IllegalStateException: a defect at ")
                .contains("ServerLogTest");
    }

    @Test
    void jsonIsOneObjectALine() {
        try (ServerLog _ = ServerLog.open(out, LogFormat.JSON)) {
            LOG.log(Level.WARNING, "a \"quoted\" word");
        }
        assertThat(lines().getFirst())
                .startsWith("{\"time\":\"")
                .endsWith("\"level\":\"warning\",\"subject\":\"test\",\"message\":\"a \\\"quoted\\\" word\"}");
    }

    @Test
    void theJournalGetsThePriorityAndNoTime() {
        try (ServerLog _ = ServerLog.open(out, new LogFormat(false, true))) {
            LOG.log(Level.ERROR, "bad");
            LOG.log(Level.INFO, "good");
        }
        assertThat(lines()).containsExactly("<3>error test: bad", "<6>info test: good");
    }

    @Test
    void theJournalGetsJsonWithThePriority() {
        try (ServerLog _ = ServerLog.open(out, new LogFormat(true, true))) {
            LOG.log(Level.WARNING, "bad");
        }
        assertThat(lines().getFirst()).startsWith("<4>{\"time\":").endsWith("\"message\":\"bad\"}");
    }

    @Test
    void whatIsLessSevereThanTheLevelIsNotShown() {
        Log.least(Level.ERROR);
        try (ServerLog _ = ServerLog.open(out, LogFormat.TEXT)) {
            LOG.log(Level.WARNING, "not this");
            System.getLogger("com.example").log(Level.WARNING, "nor this");
            LOG.log(Level.ERROR, "this");
            Log.least(Level.DEBUG);
            LOG.log(Level.DEBUG, "and this");
            System.getLogger("com.example").log(Level.INFO, "and not this");
        } finally {
            Log.least(Level.INFO);
        }
        assertThat(lines())
                .extracting(line -> line.replaceFirst("^\\S+ ", ""))
                .containsExactly("error test: this", "debug test: and this");
    }

    @Test
    void aLineSaysWhatItIsAbout() {
        assertThat(List.of("holdfast", "io.holdfast.nbd", "io.holdfast.file.PageCache", "sun.net.x"))
                .extracting(NamedLogger::subject)
                .containsExactly("volume", "nbd", "file", "java");
    }

    @Test
    void manyOfAKindAreCounted() {
        try (ServerLog _ = ServerLog.open(out, LogFormat.TEXT)) {
            for (int i = 0; i < 10_000; i++) {
                LOG.log(Level.WARNING, "refused {0}", i);
            }
            LOG.log(Level.WARNING, "something else");
        }
        assertThat(lines()).hasSizeLessThan(2 * RateLimit.BURST);
        assertThat(lines().getFirst()).endsWith("refused 0");
        assertThat(lines()).anyMatch(line -> line.endsWith("warning test: something else"));
        assertThat(lines().getLast())
                .contains("more lines like this were left out in the last 1 s; the last: refused 9999");
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
        try (ServerLog _ = ServerLog.open(stuck, LogFormat.TEXT)) {
            for (int i = 0; i < 5000; i++) {
                LOG.log(Level.WARNING, i + " {0}", i);
            }
            released.countDown();
        }
    }

    @Test
    void aLongLineIsCut() {
        try (ServerLog _ = ServerLog.open(out, LogFormat.TEXT)) {
            LOG.log(Level.WARNING, "x".repeat(1 << 20));
        }
        assertThat(lines().getFirst()).hasSizeLessThan(LogText.LENGTH_MAX + 100).endsWith("…");
    }
}
