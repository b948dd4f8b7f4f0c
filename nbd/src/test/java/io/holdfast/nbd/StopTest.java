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

/** A server that stops: what is in flight is answered, what is not begun is neither done nor answered, nobody gets an error. */
@Timeout(120)
class StopTest {
    private static final int BLOCK = 4096;

    @TempDir
    Path directory;

    private ServerFixture fixture(String kind, NbdOptions options) throws IOException {
        String address = kind.equals("tcp") ? "tcp:127.0.0.1:0" : "unix:" + directory.resolve("s");
        return new ServerFixture(directory, options, List.of(address));
    }

    /** A client keeps many writes in flight; each that was executed has its reply, and no other one was executed. */
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
                        // The server has closed: as it should.
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
            // Nobody is accepted any more when the socket's file is gone; from then on it may take a moment.
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

    /** One that has connected and said nothing, or is in the handshake, is closed without a word. */
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
