package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server that stops answers the requests in flight, drops those that it has not begun, and gives no client an error.
 */
@Timeout(120)
class StopTest {
    private static final int BLOCK = 4096;

    @TempDir
    Path directory;

    private ServerFixture fixture(String kind, NbdOptions options) throws IOException {
        String address = kind.equals("tcp") ? "tcp:127.0.0.1:0" : "unix:" + directory.resolve("s");
        return new ServerFixture(directory, options, List.of(address));
    }

    /** A client keeps many writes in flight: the server has executed exactly those that it answered. */
    @ParameterizedTest
    @ValueSource(strings = {"unix", "tcp"})
    void whatWasDoneIsAnswered(String kind) throws Exception {
        for (int round = 0; round < 5; round++) {
            Set<Long> done = ConcurrentHashMap.newKeySet();
            AtomicInteger writes = new AtomicInteger();
            CountDownLatch underWay = new CountDownLatch(1);
            int stopAt = 100 + 77 * round;
            try (ServerFixture server = fixture(kind, NbdOptions.defaults());
                    TestClient client = server.open(Mode.SIMPLE)) {
                server.watched.hook = (operation, offset, length, flags) -> {
                    if (operation.equals("write")) {
                        done.add(offset / BLOCK);
                        if (writes.incrementAndGet() == stopAt) {
                            underWay.countDown();
                        }
                    }
                };
                Thread sender = Thread.ofPlatform().start(() -> {
                    try {
                        for (int i = 0; i < 4000; i++) {
                            client.sendWrite(1, i, (long) i * BLOCK, new byte[BLOCK]);
                        }
                    } catch (IOException e) {
                        // The server has closed the connection, as it should.
                    }
                });
                Thread stopper = Thread.ofPlatform().start(() -> {
                    HostileTest.await(underWay);
                    server.server.stop(Duration.ofMinutes(1));
                });
                Set<Long> answered = new HashSet<>();
                try {
                    while (true) {
                        TestClient.Chunk chunk = client.receive(0);
                        assertThat(chunk.error()).isZero();
                        answered.add(chunk.cookie());
                    }
                } catch (EOFException e) {
                    // The end.
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("reset");
                }
                sender.join();
                stopper.join();
                assertThat(answered).isEqualTo(done);
            }
        }
    }

    @Test
    void requestsInFlightEndAndNewOnesAreNotAnswered() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        try (ServerFixture server = fixture("unix", NbdOptions.defaults());
                TestClient client = server.open(Mode.STRUCTURED)) {
            server.watched.hook = (operation, offset, length, flags) -> {
                if (operation.equals("flush")) {
                    running.countDown();
                    HostileTest.await(gate);
                }
            };
            client.request(CommandType.FLUSH, 0, 1, 0, 0);
            running.await();
            Thread stopper = Thread.ofPlatform().start(() -> server.server.stop(Duration.ofMinutes(2)));
            // Once the socket's file is gone no client is accepted; the close may follow a moment later.
            while (server.server.counters().connections() == 1 && Files.exists(directory.resolve("s"))) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < 100; i++) {
                client.sendWrite(0, 2, 0, new byte[512]);
            }
            gate.countDown();
            TestClient.Chunk last = null;
            try {
                while (true) {
                    last = client.receive(0);
                    assertThat(last.error()).isZero();
                }
            } catch (IOException e) {
                assertThat(last).isNotNull();
            }
            stopper.join();
        }
    }

    /** A client that has sent nothing, or is in the handshake, is disconnected without an error or a log line. */
    @Test
    void handshakesAreBrokenOff() throws IOException {
        try (ServerFixture server = fixture("unix", NbdOptions.defaults());
                TestClient silent = TestClient.connect(server.address);
                TestClient greeted = server.greet()) {
            while (server.server.counters().connections() < 2) {
                Thread.onSpinWait();
            }
            server.server.stop(Duration.ofMinutes(1));
            silent.expectEnd();
            greeted.expectEnd();
            assertThat(server.server.counters().connections()).isZero();
        }
    }
}
