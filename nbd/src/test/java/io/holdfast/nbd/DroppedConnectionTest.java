package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.nbd.protocol.Wire;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A client dies with requests still in its socket, and another one takes over: no request of the first overwrites what
 * the second wrote. Requests of a live client are not lost or delayed by that.
 */
@Timeout(120)
class DroppedConnectionTest {
    private static final int BLOCK = 4096;
    private static final int QUEUED = 40;

    @TempDir
    Path directory;

    private static byte[] block(int value) {
        byte[] block = new byte[BLOCK];
        Arrays.fill(block, (byte) value);
        return block;
    }

    /** A way to connect. */
    private interface Door {
        TestClient open() throws IOException;
    }

    /**
     * Holds up the first client's first write in the engine, so that its later writes stay in the socket; then a second
     * client takes over.
     */
    private static void takeOver(ServerFixture fixture, Door door) throws IOException {
        CountDownLatch gate = new CountDownLatch(1);
        CountDownLatch running = new CountDownLatch(1);
        AtomicBoolean first = new AtomicBoolean(true);
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (operation.equals("write") && first.compareAndSet(true, false)) {
                running.countDown();
                HostileTest.await(gate);
            }
        };
        CompletableFuture<TestClient> second;
        try (TestClient dying = door.open()) {
            // A write with FUA goes to a worker, so the reading thread goes on to the next ones.
            dying.sendWrite(Wire.FLAG_FUA, 0, 0, block(1));
            HostileTest.await(running);
            for (int i = 1; i <= QUEUED; i++) {
                dying.sendWrite(0, i, 0, block(1));
            }
            dying.request(CommandType.TRIM, 0, QUEUED + 1, 0, BLOCK);
            dying.request(CommandType.WRITE_ZEROES, 0, QUEUED + 2, 0, BLOCK);
        }
        second = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        TestClient client = door.open();
                        client.sendWrite(0, 5, 0, block(2));
                        return client;
                    } catch (IOException e) {
                        throw new CompletionException(e);
                    }
                },
                task -> Thread.ofPlatform().start(task));
        try (TestClient client = second.join()) {
            gate.countDown();
            assertThat(client.receive(0).error()).isZero();
            while (fixture.server.counters().connections() > 1) {
                Thread.onSpinWait();
            }
            assertThat(client.read(0, 0, BLOCK)).isEqualTo(block(2));
            client.request(CommandType.DISC, 0, 0, 0, 0);
            client.expectEnd();
        }
    }

    /**
     * With few requests in flight, most are still in the socket when the client dies; with many, the server has already
     * read most.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 16, 128})
    void nothingOfADeadClientLandsLater(int requestsMax) throws IOException {
        try (ServerFixture fixture =
                new ServerFixture(directory, NbdOptions.defaults().withRequestsMax(requestsMax))) {
            for (int round = 0; round < 10; round++) {
                takeOver(fixture, () -> fixture.open(Mode.SIMPLE));
            }
        }
    }

    /** When the client dies, the server is stuck sending replies that the client did not read. */
    @Test
    void norOfOneThatTookNoReplies() throws Exception {
        try (ServerFixture fixture = new ServerFixture(directory, NbdOptions.defaults())) {
            for (int round = 0; round < 20; round++) {
                // Fewer than a socket takes of replies, each by itself, and a connection of requests.
                CountDownLatch many = new CountDownLatch(200);
                fixture.watched.hook = (operation, offset, length, flags) -> {
                    if (operation.equals("write")) {
                        many.countDown();
                    }
                };
                Thread sender;
                try (TestClient dying = fixture.open(Mode.SIMPLE)) {
                    sender = Thread.ofPlatform().start(() -> {
                        try {
                            for (int i = 0; i < 5000; i++) {
                                dying.sendWrite(0, i, 0, block(1));
                            }
                        } catch (IOException e) {
                            // Closed meanwhile.
                        }
                    });
                    many.await();
                }
                sender.join();
                try (TestClient client = fixture.open(Mode.SIMPLE)) {
                    assertThat(client.write(0, 0, block(2))).isZero();
                    while (fixture.server.counters().connections() > 1) {
                        Thread.onSpinWait();
                    }
                    assertThat(client.read(0, 0, BLOCK)).isEqualTo(block(2));
                }
            }
        }
    }

    @Test
    void norOverTcp() throws IOException {
        NbdOptions options = NbdOptions.defaults().withRequestsMax(1);
        try (ServerFixture fixture = new ServerFixture(directory, options, List.of("tcp:127.0.0.1:0"))) {
            for (int round = 0; round < 10; round++) {
                takeOver(fixture, () -> fixture.open(Mode.STRUCTURED));
            }
        }
    }

    @Test
    void norEncrypted() throws Exception {
        Path pki = TestCertificates.make(directory);
        NbdOptions options = NbdOptions.defaults().withRequestsMax(1).withTls(new NbdTls(pki, false, true));
        var context = TlsTest.trusting(pki);
        try (ServerFixture fixture = new ServerFixture(directory, options, List.of("tcp:127.0.0.1:0"))) {
            NbdAddress.Tcp address = (NbdAddress.Tcp) fixture.address;
            for (int round = 0; round < 10; round++) {
                takeOver(fixture, () -> {
                    Socket socket = new Socket("127.0.0.1", address.port());
                    TestClient plain = new TestClient(socket, socket.getInputStream(), socket.getOutputStream());
                    plain.greeting(3);
                    assertThat(plain.ask(OptionType.STARTTLS, new byte[0]).error())
                            .isNull();
                    TestClient client = TlsTest.encrypt(socket, context);
                    client.negotiate(ServerFixture.EXPORT, Mode.SIMPLE);
                    return client;
                });
            }
        }
    }

    /** Several connections of one client: none waits for another, and each of their requests is served once. */
    @Test
    void liveClientsLoseNothing() throws IOException {
        Semaphore writes = new Semaphore(0);
        try (ServerFixture fixture =
                        new ServerFixture(directory, NbdOptions.defaults().withRequestsMax(2));
                TestClient first = fixture.open(Mode.SIMPLE)) {
            fixture.watched.hook = (operation, offset, length, flags) -> {
                if (operation.equals("write")) {
                    writes.release();
                }
            };
            int sent = 0;
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < 30; i++) {
                    first.sendWrite(0, sent, (long) sent % 1000 * BLOCK, block(sent % 100));
                    sent++;
                }
                try (TestClient other = fixture.open(Mode.SIMPLE)) {
                    assertThat(other.write(0, 2000L * BLOCK, block(7))).isZero();
                    other.request(CommandType.DISC, 0, 0, 0, 0);
                }
                for (int i = 0; i < 30; i++) {
                    assertThat(first.receive(0).error()).isZero();
                }
            }
            assertThat(writes.availablePermits()).isGreaterThanOrEqualTo(sent);
            for (int i = 0; i < sent; i++) {
                assertThat(first.read(0, (long) i % 1000 * BLOCK, BLOCK)).isEqualTo(block(i % 100));
            }
        }
    }

    /** A successor does not wait for a client that is in the middle of a payload or does not read its replies. */
    @Test
    void aSlowClientHoldsUpNobody() throws IOException {
        try (ServerFixture fixture =
                        new ServerFixture(directory, NbdOptions.defaults().withBytesMax(0));
                TestClient stuck = fixture.open(Mode.SIMPLE);
                TestClient lazy = fixture.open(Mode.SIMPLE)) {
            stuck.request(CommandType.WRITE, 0, 1, 0, 3 << 20);
            stuck.out.write(new byte[(1 << 20) + 5]);
            stuck.out.flush();
            for (int i = 0; i < 64; i++) {
                lazy.request(CommandType.READ, 0, i, 0, 1 << 20);
            }
            try (TestClient other = fixture.open(Mode.SIMPLE)) {
                assertThat(other.write(0, 4 << 20, block(3))).isZero();
            }
            stuck.out.write(new byte[(2 << 20) - 5]);
            stuck.out.flush();
            assertThat(stuck.receive(0).error()).isZero();
        }
    }
}
