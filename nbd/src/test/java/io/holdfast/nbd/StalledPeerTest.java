package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients that hold their connection and do not do their part are ended, with one line in the log, and leave nothing behind.
 * Clients that owe nothing stay. A client that is ended serves as the clock: the limit has passed then.
 */
@Timeout(120)
class StalledPeerTest {
    private static final int LONG = 4 << 20;

    @TempDir
    Path directory;

    private ServerFixture fixture;
    private LogWatch log;

    @BeforeEach
    void start() throws IOException {
        log = new LogWatch();
        fixture = new ServerFixture(directory, NbdOptions.defaults().withStallTimeout(Duration.ofSeconds(1)));
        byte[] data = new byte[LONG];
        Arrays.fill(data, (byte) 3);
        try (StoredFile file = fixture.volume.open("/" + ServerFixture.EXPORT)) {
            file.write(0, ByteBuffer.wrap(data));
        }
    }

    @AfterEach
    void nothingStays() throws IOException {
        fixture.watched.hook = (operation, offset, length, flags) -> {};
        fixture.close();
        log.close();
        assertThat(fixture.server.counters().connections()).isZero();
        assertThat(fixture.server.payloadBytesHeld()).isZero();
        assertThat(fixture.watched.closed).hasValue(fixture.watched.opened.get());
    }

    /** Returns when so many connections are left. */
    private void awaitConnections(int left) {
        while (fixture.server.counters().connections() > left) {
            Thread.onSpinWait();
        }
    }

    /** Lets the limit pass, by a client that has been ended for it. */
    private void letTheLimitPass(int othersLeft) throws IOException {
        try (TestClient clock = fixture.open(Mode.SIMPLE)) {
            clock.request(CommandType.WRITE, 0, 1, 0, 4096);
            awaitConnections(othersLeft);
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void aClientThatTakesNoRepliesIsEnded(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            for (int i = 0; i < 16; i++) {
                client.request(CommandType.READ, 0, i, 0, LONG);
            }
            awaitConnections(0);
            assertThat(log.take())
                    .singleElement()
                    .asString()
                    .contains("of 'vm/disk' cut off: it has taken none of its replies for 1 s");
            client.expectEnd();
        }
    }

    /** It takes the first bytes, and nothing more. */
    @Test
    void aClientThatStopsInTheMiddleOfAReplyIsEnded() throws IOException {
        try (TestClient client = fixture.open(Mode.SIMPLE)) {
            client.request(CommandType.READ, 0, 1, 0, LONG);
            client.in.readInt();
            awaitConnections(0);
            assertThat(log.take()).singleElement().asString().contains("taken none of its replies");
        }
    }

    /** The client ends its side, so the server waits for nothing but the replies in flight. */
    @Test
    void aClientThatSaysGoodbyeAndTakesNoRepliesIsEnded() throws IOException {
        try (TestClient client = fixture.open(Mode.SIMPLE)) {
            client.request(CommandType.READ, 0, 1, 0, LONG);
            client.request(CommandType.DISC, 0, 2, 0, 0);
            awaitConnections(0);
            assertThat(log.take()).singleElement().asString().contains("taken none of its replies");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 300_000, 64 << 20})
    void aClientThatStopsInTheMiddleOfAPayloadIsEnded(int length) throws IOException {
        try (TestClient client = fixture.open(Mode.SIMPLE)) {
            client.request(CommandType.WRITE, 0, 1, 0, length);
            client.out.write(new byte[length / 2]);
            client.out.flush();
            awaitConnections(0);
            assertThat(log.take())
                    .singleElement()
                    .asString()
                    .contains("cut off: it has sent a part of a request, and nothing more for 1 s");
            client.expectEnd();
        }
    }

    /** The payload of a request that is refused is awaited as well. */
    @Test
    void aClientThatStopsInTheMiddleOfARefusedPayloadIsEnded() throws IOException {
        try (TestClient client = fixture.open(Mode.SIMPLE)) {
            client.request(CommandType.WRITE, 0, 1, 1L << 40, 1 << 20);
            client.out.write(new byte[1000]);
            client.out.flush();
            awaitConnections(0);
            assertThat(log.take()).singleElement().asString().contains("a part of a request");
        }
    }

    @Test
    void aClientThatOwesNothingStays() throws IOException {
        try (TestClient idle = fixture.open(Mode.SIMPLE);
                TestClient used = fixture.open(Mode.STRUCTURED);
                TestClient hesitant = fixture.open(Mode.SIMPLE)) {
            assertThat(used.read(0, 0, LONG)).containsOnly(3);
            // The first half of a header holds nothing.
            hesitant.out.writeInt(0x25609513);
            hesitant.out.writeShort(0);
            hesitant.out.flush();
            letTheLimitPass(3);
            letTheLimitPass(3);
            hesitant.out.writeShort(CommandType.FLUSH.code());
            hesitant.out.writeLong(5);
            hesitant.out.writeLong(0);
            hesitant.out.writeInt(0);
            hesitant.out.flush();
            assertThat(hesitant.receive(0).cookie()).isEqualTo(5);
            assertThat(idle.write(0, 0, new byte[512])).isZero();
            assertThat(used.read(0, 4096, 4096)).containsOnly(3);
            assertThat(log.take()).hasSize(2);
        }
    }

    /** The device is slow, and the client waits for its reply: it owes nothing. */
    @Test
    void aClientThatWaitsForTheDeviceStays() throws IOException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (operation.equals("flush")) {
                running.countDown();
                HostileTest.await(gate);
            }
        };
        try (TestClient client = fixture.open(Mode.SIMPLE)) {
            client.request(CommandType.FLUSH, 0, 1, 0, 0);
            HostileTest.await(running);
            letTheLimitPass(1);
            gate.countDown();
            assertThat(client.receive(0).error()).isZero();
        } finally {
            gate.countDown();
        }
    }

    /** What the client had begun is over when it is ended: the file is free, and others are served. */
    @Test
    void othersGoOnWithTheFile() throws IOException {
        try (TestClient stalled = fixture.open(Mode.SIMPLE);
                TestClient other = fixture.open(Mode.SIMPLE)) {
            for (int i = 0; i < 32; i++) {
                stalled.request(CommandType.READ, 0, i, 0, LONG);
            }
            stalled.request(CommandType.WRITE, 0, 40, 0, 4096);
            awaitConnections(1);
            assertThat(other.write(0, 0, new byte[4096])).isZero();
            assertThat(other.read(0, 0, 4096)).containsOnly(0);
            List<String> lines = log.take();
            assertThat(lines).singleElement().asString().contains("cut off");
        }
    }
}
