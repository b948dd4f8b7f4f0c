package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two clients that change one file, and clients that are disconnected. */
@Timeout(60)
class FileWritersTest {
    private static final int EPERM = 1;

    @TempDir
    Path directory;

    private static byte[] block(int value) {
        byte[] block = new byte[4096];
        Arrays.fill(block, (byte) value);
        return block;
    }

    private static void leave(TestClient client) throws IOException {
        client.close();
    }

    private AccessFixture exclusive(Duration handover) throws IOException {
        List<NbdExport> exports = List.of(
                AccessFixture.exclusive("/a", "a"), NbdExport.of("/a", "other"), AccessFixture.readOnly("/a", "ro"));
        return new AccessFixture(directory, NbdAccess.ALL.withExports(exports).withHandover(handover));
    }

    @ParameterizedTest
    @EnumSource(
            value = CommandType.class,
            names = {"WRITE", "TRIM", "WRITE_ZEROES"})
    void aSecondClientOfAnExclusiveExportReadsAndDoesNotWrite(CommandType change) throws IOException {
        try (AccessFixture fixture = exclusive(Duration.ZERO);
                TestClient guest = fixture.open("a");
                TestClient second = fixture.open("a");
                // Not by another name of the same file, either.
                TestClient third = fixture.open("other")) {
            assertThat(guest.write(0, 0, block(1))).isZero();
            for (TestClient other : List.of(second, third)) {
                if (change == CommandType.WRITE) {
                    assertThat(other.write(0, 0, block(2))).isEqualTo(EPERM);
                } else {
                    TestClient.Chunk answer = other.call(change, 0, 0, 4096);
                    assertThat(answer.error()).isEqualTo(EPERM);
                    // Who the other one is, is in the log alone.
                    assertThat(answer.message()).isEqualTo("another client writes to it, and the export is exclusive");
                }
                assertThat(other.read(0, 0, 4096)).isEqualTo(block(1));
                assertThat(other.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
            }
            assertThat(guest.write(0, 4096, block(3))).isZero();
        }
    }

    @Test
    void severalConnectionsOfOneClientWriteToAnExclusiveExport() throws IOException {
        try (AccessFixture fixture = exclusive(Duration.ZERO);
                TestClient one = fixture.open("a");
                TestClient two = fixture.again("a")) {
            assertThat(one.write(0, 0, block(1))).isZero();
            assertThat(two.write(0, 4096, block(2))).isZero();
            leave(one);
            assertThat(two.write(0, 0, block(3))).isZero();
        }
    }

    /** In another process namespace two guests of one user look like one client. */
    @Test
    void aSecondWriterThatLooksLikeTheFirstIsLogged() throws IOException {
        try (AccessFixture fixture = exclusive(Duration.ZERO);
                LogWatch log = new LogWatch()) {
            fixture.process.set(0);
            try (TestClient one = fixture.again("a");
                    TestClient two = fixture.again("a")) {
                assertThat(one.write(0, 0, block(1))).isZero();
                assertThat(log.take()).isEmpty();
                assertThat(two.write(0, 4096, block(2))).isZero();
                assertThat(two.write(0, 4096, block(2))).isZero();
                assertThat(log.take()).singleElement().asString().contains("counts as the same client");
            }
        }
    }

    /** As in a migration: the target connects early, and writes when the source has stopped, which is ended a little later. */
    @Test
    void theTargetOfAMigrationWritesOnceTheSourceHasLeft() throws Exception {
        try (AccessFixture fixture = exclusive(Duration.ofMinutes(10));
                TestClient source = fixture.open("a");
                TestClient target = fixture.open("a");
                ExecutorService threads = Executors.newSingleThreadExecutor();
                LogWatch log = new LogWatch()) {
            assertThat(source.write(0, 0, block(1))).isZero();
            assertThat(target.read(0, 0, 4096)).isEqualTo(block(1));
            Future<Integer> written = threads.submit(() -> target.write(0, 0, block(2)));
            log.await("waits for client");
            assertThat(written.isDone()).isFalse();
            assertThat(source.write(0, 4096, block(9))).isZero();
            leave(source);
            assertThat(written.get()).isZero();
            assertThat(target.read(0, 0, 4096)).isEqualTo(block(2));
        }
    }

    @Test
    void aSecondWriterOfAnOrdinaryExportIsLoggedOnce() throws IOException {
        try (AccessFixture fixture = new AccessFixture(directory, List.of());
                LogWatch log = new LogWatch();
                TestClient one = fixture.open("a");
                TestClient two = fixture.open("a");
                TestClient elsewhere = fixture.open("b")) {
            assertThat(one.write(0, 0, block(1))).isZero();
            assertThat(elsewhere.write(0, 0, block(1))).isZero();
            assertThat(log.take()).isEmpty();
            for (int i = 0; i < 3; i++) {
                assertThat(two.write(0, 0, block(2))).isZero();
            }
            assertThat(log.take())
                    .singleElement()
                    .asString()
                    .contains("writes to 'a' (/a) while client", "an export can be exclusive");
            assertThat(log.opened()).hasSize(3).first().asString().contains("process 1001", "opened 'a' (/a)");
        }
    }

    /** A server that stops does not wait for a change that waits for another client. */
    @Test
    void aWaitingChangeDoesNotKeepTheServer() throws Exception {
        try (AccessFixture fixture = exclusive(Duration.ofMinutes(10));
                TestClient one = fixture.open("a");
                TestClient two = fixture.open("a");
                LogWatch log = new LogWatch()) {
            assertThat(one.write(0, 0, block(1))).isZero();
            two.sendWrite(0, 5, 0, block(2));
            log.await("waits for client");
            fixture.server.stop(Duration.ofSeconds(30));
            two.expectEnd();
            try (StoredFile file = fixture.volume.open("/a")) {
                byte[] found = new byte[4096];
                file.read(0, MemorySegment.ofArray(found));
                assertThat(found).isEqualTo(block(1));
            }
        }
    }

    @Test
    void whatWasAcknowledgedBeforeADisconnectStaysAndWhatIsInFlightIsAnswered() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        try (AccessFixture fixture = new AccessFixture(directory, List.of());
                TestClient client = fixture.open("a");
                TestClient bystander = fixture.open("b");
                ExecutorService threads = Executors.newSingleThreadExecutor()) {
            assertThat(client.write(0, 0, block(1))).isZero();
            fixture.watched.hook = (operation, offset, length, flags) -> {
                if (operation.equals("flush")) {
                    running.countDown();
                    HostileTest.await(gate);
                }
            };
            client.request(CommandType.FLUSH, 0, 8, 0, 0);
            HostileTest.await(running);
            NbdClientStatus status = fixture.server.clients().getFirst();
            assertThat(status.requests()).isEqualTo(2);
            assertThat(status.bytesWritten()).isEqualTo(4096);
            assertThat(status.hasWritten()).isTrue();
            Future<Boolean> gone = threads.submit(() -> fixture.server
                    .disconnect(status.id(), Duration.ofMinutes(1))
                    .orElseThrow()
                    .ended());
            while (!gone.isDone() && gate.getCount() > 0) {
                gate.countDown();
            }
            TestClient.Chunk answer = client.receive(0);
            assertThat(answer.cookie()).isEqualTo(8);
            assertThat(answer.error()).isZero();
            client.expectEnd();
            assertThat(gone.get()).isTrue();
            assertThat(bystander.read(0, 0, 512)).hasSize(512);
            assertThat(fixture.server.disconnect(status.id(), Duration.ZERO)).isEmpty();
            try (TestClient later = fixture.open("a")) {
                assertThat(later.read(0, 0, 4096)).isEqualTo(block(1));
            }
        }
    }
}
