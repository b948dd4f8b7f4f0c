package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.NbdExport.Limits;
import io.holdfast.nbd.protocol.CommandType;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The limits of an export, as its clients meet them. */
@Timeout(60)
class RequestRateTest {
    @TempDir
    Path directory;

    private AccessFixture limited(int requests, long bytes) throws IOException {
        return new AccessFixture(
                directory,
                List.of(AccessFixture.limited("a", new Limits(0, requests, bytes)), AccessFixture.export("b")));
    }

    /** Only the lower bound is certain: a machine may be slow. */
    @Test
    void connectionsOfAnExportShareItsRequests() throws IOException {
        try (AccessFixture fixture = limited(100, 0);
                TestClient one = fixture.open("a");
                TestClient two = fixture.open("a");
                TestClient free = fixture.open("b")) {
            long start = System.nanoTime();
            for (int i = 0; i < 20; i++) {
                one.request(CommandType.READ, 0, i, 0, 512);
                two.request(CommandType.READ, 0, i, 0, 512);
            }
            for (int i = 0; i < 20; i++) {
                assertThat(free.read(0, 0, 512)).hasSize(512);
                assertThat(one.receive(512).error()).isZero();
                assertThat(two.receive(512).error()).isZero();
            }
            // 40 requests take 400 ms, of which an idle export may have saved up 100; the last one is not waited for.
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(280));
        }
    }

    /** Each wait for the limits of an export is an event, with its length; a client without limits makes none. */
    @Test
    void aRecordingHasTheWaitsOfAThrottledClient() throws IOException {
        int requests = 30;
        Path file = directory.resolve("events.jfr");
        try (Recording recording = new Recording();
                AccessFixture fixture = limited(50, 0)) {
            recording.enable("holdfast.Throttle").withThreshold(Duration.ZERO);
            recording.start();
            try (TestClient free = fixture.open("b");
                    TestClient client = fixture.open("a")) {
                for (int i = 0; i < requests; i++) {
                    assertThat(free.read(0, 0, 512)).hasSize(512);
                }
                for (int i = 0; i < requests; i++) {
                    client.request(CommandType.READ, 0, i, 0, 512);
                }
                for (int i = 0; i < requests; i++) {
                    assertThat(client.receive(512).error()).isZero();
                }
            }
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        assertThat(events).hasSizeBetween(1, requests).allSatisfy(event -> {
            assertThat(event.getEventType().getName()).isEqualTo("holdfast.Throttle");
            assertThat(event.getString("cause")).isEqualTo("limit");
            assertThat(event.getDuration()).isPositive();
        });
    }

    @Test
    void bytesAreBoundWhateverTheirRequests() throws IOException {
        try (AccessFixture fixture = limited(0, 4 << 20);
                TestClient client = fixture.open("a")) {
            long start = System.nanoTime();
            assertThat(client.write(0, 0, new byte[2 << 20])).isZero();
            assertThat(client.read(0, 0, 4096)).hasSize(4096);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(380));
        }
    }

    /** Each of these makes the server read as much as a read does. */
    @Test
    void hintsToCacheArePaidFor() throws IOException {
        try (AccessFixture fixture = limited(0, 4 << 20);
                TestClient client = fixture.open("a")) {
            long start = System.nanoTime();
            assertThat(client.call(CommandType.CACHE, 0, 0, 2 << 20).error()).isZero();
            assertThat(client.read(0, 0, 4096)).hasSize(4096);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(380));
        }
    }

    /** With a MiB a second, the reads beyond the end would take a minute. */
    @Test
    @Timeout(30)
    void whatIsRefusedIsNotPaidFor() throws IOException {
        try (AccessFixture fixture = limited(0, 1 << 20);
                TestClient client = fixture.open("a")) {
            for (int i = 0; i < 8; i++) {
                assertThat(client.call(CommandType.READ, 0, AccessFixture.SIZE, 8 << 20)
                                .error())
                        .isNotZero();
            }
            assertThat(client.read(0, 0, 4096)).hasSize(4096);
        }
    }

    /** A client that floods has one request taken from its socket; the others wait there, and the server ends at once. */
    @Test
    void aFloodIsNotQueuedAndDoesNotKeepTheServer() throws Exception {
        try (AccessFixture fixture = limited(1, 0);
                TestClient client = fixture.open("a")) {
            for (int i = 0; i < 200; i++) {
                client.request(CommandType.READ, 0, i, 0, 1 << 20);
            }
            assertThat(client.receive(1 << 20).cookie()).isZero();
            assertThat(fixture.server.payloadBytesHeld()).isLessThanOrEqualTo(4 << 20);
            assertThat(fixture.server.clients().getFirst().requests()).isLessThan(20);
            long id = fixture.server.clients().getFirst().id();
            assertThat(fixture.server
                            .disconnect(id, Duration.ofSeconds(30))
                            .orElseThrow()
                            .ended())
                    .isTrue();
            client.expectEnd();
        }
    }
}
