package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.door.Slice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that hoard the server's payload memory take nothing from the share of the others. */
@Timeout(120)
class FairShareTest {
    private static final int CONNECTIONS = 20;
    private static final long BYTES = 40 << 20;
    private static final long GUARANTEED = BYTES / 2 / CONNECTIONS;
    private static final long SLICE = Slice.footprint(Slice.MAX);
    private static final int AT_ONCE = 8;

    @TempDir
    Path directory;

    private final List<TestClient> hoarders = new ArrayList<>();

    private ServerFixture start() throws IOException {
        NbdOptions options =
                NbdOptions.defaults().withConnectionsMax(CONNECTIONS).withBytesMax(BYTES);
        ServerFixture fixture = new ServerFixture(directory, options);
        byte[] data = new byte[2 << 20];
        Arrays.fill(data, (byte) 3);
        try (StoredFile file = fixture.volume.open("/" + ServerFixture.EXPORT)) {
            file.write(0, ByteBuffer.wrap(data));
        }
        return fixture;
    }

    /** A client that asks for much more than it may have, and takes nothing. */
    private void hoardByReads(ServerFixture fixture) throws IOException {
        TestClient client = fixture.open(Mode.STRUCTURED);
        hoarders.add(client);
        // All at once: a server that has served the first one begins to send, and the client takes nothing.
        for (int i = 0; i < 60; i++) {
            client.out.writeInt(0x25609513);
            client.out.writeShort(0);
            client.out.writeShort(CommandType.READ.code());
            client.out.writeLong(i);
            client.out.writeLong(0);
            client.out.writeInt(1 << 20);
        }
        client.out.flush();
    }

    /**
     * Returns when each of so many clients holds all it may have, and returns how much that is. The server sends to none of
     * them a whole reply, so what they hold only rises.
     */
    private static long awaitFull(ServerFixture fixture, int clients) {
        long common = BYTES - CONNECTIONS * GUARANTEED;
        long borrowed = 0;
        long expected = 0;
        for (int i = 0; i < clients; i++) {
            long held = 0;
            while (held + SLICE - GUARANTEED <= (common - borrowed) / 4 * 3) {
                held += SLICE;
            }
            borrowed += Math.max(0, held - GUARANTEED);
            // The last step is the connection's own.
            expected += held + SLICE;
            while (clients == i + 1 && fixture.server.payloadBytesHeld() < expected) {
                Thread.onSpinWait();
            }
        }
        assertThat(fixture.server.payloadBytesHeld()).isEqualTo(expected);
        return expected;
    }

    private void closeAll() throws IOException {
        for (TestClient client : hoarders) {
            client.close();
        }
    }

    /** Reads of the usual size run side by side, so each has a lease: without one the reading thread serves one by one. */
    private static void readsSideBySide(ServerFixture fixture) throws IOException {
        CountDownLatch together = new CountDownLatch(AT_ONCE);
        try (TestClient client = fixture.open(Mode.SIMPLE)) {
            fixture.watched.hook = (operation, offset, length, flags) -> {
                if (operation.equals("read") && offset < 1 << 20 && length == 64 << 10) {
                    if (flags.contains(ReadFlag.NOWAIT)) {
                        throw new HoldfastException(ErrorCode.WOULD_BLOCK, "to a worker");
                    }
                    together.countDown();
                    HostileTest.await(together);
                }
            };
            for (int i = 0; i < AT_ONCE; i++) {
                client.request(CommandType.READ, 0, i, 65536L * i, 64 << 10);
            }
            for (int i = 0; i < AT_ONCE; i++) {
                assertThat(client.receive(64 << 10).payload()).hasSize(64 << 10).containsOnly(3);
            }
            fixture.watched.hook = (operation, offset, length, flags) -> {};
            for (int i = 0; i < 200; i++) {
                assertThat(client.write(0, 8 << 20, new byte[100_000])).isZero();
                assertThat(client.read(0, 8 << 20, 100_000)).containsOnly(0);
            }
            assertThat(client.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 16})
    void clientsThatTakeNothingLeaveTheOthersTheirShare(int count) throws IOException {
        try (ServerFixture fixture = start()) {
            long held = 0;
            for (int i = 0; i < count; i++) {
                hoardByReads(fixture);
                held = awaitFull(fixture, i + 1);
            }
            assertThat(held).isLessThanOrEqualTo(BYTES + count * SLICE);
            readsSideBySide(fixture);
            assertThat(fixture.server.payloadBytesHeld()).isGreaterThanOrEqualTo(held);
            closeAll();
            awaitNothingHeld(fixture);
        }
    }

    private static void awaitNothingHeld(ServerFixture fixture) {
        while (fixture.server.payloadBytesHeld() > 0) {
            Thread.onSpinWait();
        }
    }

    /** Each sends half of the longest payload there is. */
    @Test
    void clientsThatStopInAPayloadLeaveTheOthersTheirShare() throws IOException {
        try (ServerFixture fixture = start()) {
            for (int i = 0; i < 16; i++) {
                TestClient client = fixture.open(Mode.SIMPLE);
                hoarders.add(client);
                int length = 12 << 20;
                client.request(CommandType.WRITE, 0, 1, 4 << 20, length);
                client.out.write(new byte[length / 2]);
                client.out.flush();
            }
            readsSideBySide(fixture);
            assertThat(fixture.server.payloadBytesHeld()).isLessThanOrEqualTo(BYTES + 16 * SLICE);
            closeAll();
            awaitNothingHeld(fixture);
        }
    }
}
