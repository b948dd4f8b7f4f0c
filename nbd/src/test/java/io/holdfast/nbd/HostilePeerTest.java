package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.TestClient.Chunk;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients that die, stall, hoard or hold on, and a server that shuts down meanwhile. */
class HostilePeerTest extends HostileTest {
    @Test
    void aClientThatDiesInAPayloadLeavesNothingBehind() throws IOException {
        for (int length : new int[] {4096, 300_000, 64 << 20}) {
            try (TestClient client = fixture.open(Mode.SIMPLE)) {
                client.request(CommandType.WRITE, 0, 1, 0, length);
                client.out.write(new byte[100]);
                client.out.flush();
            }
        }
    }

    /** Writes data without zeroes, which is not sent as holes: holes would fit into any socket's buffer. */
    private static void fill(ServerFixture server, int bytes) throws IOException {
        byte[] data = new byte[bytes];
        Arrays.fill(data, (byte) 3);
        try (StoredFile file = server.volume.open("/" + ServerFixture.EXPORT)) {
            file.write(0, ByteBuffer.wrap(data));
        }
    }

    @Test
    void aClientThatDiesInAReplyLeavesNothingBehind() throws IOException {
        fill(fixture, 4 << 20);
        for (int i = 0; i < 20; i++) {
            try (TestClient client = fixture.open(Mode.STRUCTURED)) {
                for (int cookie = 0; cookie < 8; cookie++) {
                    client.request(CommandType.READ, 0, cookie, 0, 4 << 20);
                }
                client.in.readNBytes(1000 * i);
            }
        }
    }

    @Test
    void aClientThatDoesNotReadHoldsUpNobody() throws IOException {
        NbdOptions little = NbdOptions.defaults().withBytesMax(8 << 20);
        try (ServerFixture small = new ServerFixture(directory, little);
                TestClient lazy1 = small.open(Mode.STRUCTURED);
                TestClient lazy2 = small.open(Mode.SIMPLE);
                TestClient served = small.open(Mode.SIMPLE)) {
            fill(small, 2 << 20);
            for (int i = 0; i < 64; i++) {
                lazy1.request(CommandType.READ, 0, i, 0, 2 << 20);
                lazy2.request(CommandType.READ, 0, i, 0, 2 << 20);
            }
            byte[] data = new byte[10 << 20];
            new Random(5).nextBytes(data);
            assertThat(served.write(0, 0, data)).isZero();
            assertThat(served.read(0, 0, data.length)).isEqualTo(data);
            assertThat(served.call(CommandType.CACHE, 0, 0, data.length).error())
                    .isZero();
            assertThat(served.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
            for (int i = 0; i < 64; i++) {
                assertThat(lazy2.receive(2 << 20).payload()).hasSize(2 << 20);
            }
        }
    }

    /** With an empty pool every command is served in small steps. */
    @ParameterizedTest
    @EnumSource(Mode.class)
    void servesWithoutSharedMemory(Mode mode) throws IOException {
        try (ServerFixture poor =
                        new ServerFixture(directory, NbdOptions.defaults().withBytesMax(0));
                TestClient client = poor.open(mode)) {
            byte[] data = new byte[(5 << 20) + 3];
            new Random(6).nextBytes(data);
            assertThat(client.write(Wire.FLAG_FUA, 1000, data)).isZero();
            client.request(CommandType.READ, 0, 1, 1000, data.length);
            ByteBuffer got = ByteBuffer.allocate(data.length);
            Chunk chunk;
            do {
                chunk = client.receive(data.length);
                assertThat(chunk.error()).isZero();
                if (mode == Mode.SIMPLE) {
                    got.put(chunk.payload());
                } else {
                    ByteBuffer payload = chunk.buffer();
                    got.position((int) (payload.getLong() - 1000)).put(payload);
                }
            } while (!chunk.done());
            assertThat(got.array()).isEqualTo(data);
            assertThat(client.read(0, 1000, 4096)).hasSize(4096);
            byte[] withHole = Arrays.copyOf(data, 9 << 20);
            assertThat(client.read(0, 1000, withHole.length)).isEqualTo(withHole);
            if (mode != Mode.SIMPLE) {
                assertThat(client.read(Wire.FLAG_DF, 1000, 65536)).hasSize(65536);
                assertThat(client.call(CommandType.READ, Wire.FLAG_DF, 0, 2 << 20)
                                .error())
                        .isEqualTo(75);
                assertThat(client.call(CommandType.BLOCK_STATUS, 0, 0, 1 << 20).error())
                        .isZero();
            }
            assertThat(client.call(CommandType.CACHE, 0, 0, 1 << 20).error()).isZero();
            poor.watched.hook = (operation, offset, length, flags) -> {
                if (operation.equals("write") || operation.equals("read")) {
                    throw new HoldfastException(ErrorCode.NO_SPACE, "full");
                }
            };
            assertThat(client.write(0, 0, data)).isEqualTo(28);
            assertThat(client.call(CommandType.READ, 0, 0, 3 << 20).error()).isEqualTo(28);
            assertThat(client.call(CommandType.READ, 0, 0, 4096).error()).isEqualTo(28);
        }
    }

    @Test
    void requestsInFlightAreBounded() throws IOException {
        Semaphore running = new Semaphore(0);
        CountDownLatch gate = new CountDownLatch(1);
        NbdOptions few = NbdOptions.defaults().withRequestsMax(4);
        try (ServerFixture small = new ServerFixture(directory, few);
                TestClient client = small.open(Mode.SIMPLE)) {
            small.watched.hook = (operation, offset, length, flags) -> {
                if (operation.equals("flush")) {
                    running.release();
                    await(gate);
                }
            };
            for (int i = 0; i < 100; i++) {
                client.request(CommandType.FLUSH, 0, i, 0, 0);
            }
            running.acquireUninterruptibly(4);
            assertThat(running.tryAcquire()).isFalse();
            gate.countDown();
            for (int i = 0; i < 100; i++) {
                assertThat(client.receive(0).error()).isZero();
            }
        }
    }

    /** CVE-2024-7409: a client that holds its socket, in whatever state, does not hold up the shutdown. */
    @Test
    void shutdownDoesNotWaitForClientsThatHoldTheirSocket() throws IOException {
        try (ServerFixture server = new ServerFixture(directory, NbdOptions.defaults());
                TestClient silent = TestClient.connect(server.address);
                TestClient greeted = server.greet();
                TestClient idle = server.open(Mode.SIMPLE);
                TestClient lazy = server.open(Mode.SIMPLE)) {
            for (int i = 0; i < 8; i++) {
                lazy.request(CommandType.READ, 0, i, 0, 8 << 20);
            }
            lazy.in.readNBytes(16);
            server.server.stop(Duration.ofMillis(200));
            silent.expectEnd();
            greeted.expectEnd();
            idle.expectEnd();
            assertThat(server.server.counters().connections()).isZero();
        }
    }

    @Test
    void disconnectWaitsForWhatIsInFlight() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (operation.equals("flush")) {
                running.countDown();
                await(gate);
            }
        };
        try (TestClient client = fixture.open(Mode.SIMPLE)) {
            client.request(CommandType.FLUSH, 0, 1, 0, 0);
            client.request(CommandType.DISC, 0, 2, 0, 0);
            running.await();
            gate.countDown();
            assertThat(client.receive(0).cookie()).isEqualTo(1);
            client.expectEnd();
        }
    }
}
