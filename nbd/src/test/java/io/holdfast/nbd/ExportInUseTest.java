package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.InUse;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A file that an NBD client has open cannot be taken away; a command that insists cuts the client off first. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExportInUseTest {
    private static final String PATH = "/" + ServerFixture.EXPORT;

    @TempDir
    Path directory;

    private ServerFixture fixture;

    @BeforeEach
    void start() throws IOException {
        fixture = new ServerFixture(directory, NbdOptions.defaults());
    }

    @AfterEach
    void stop() throws IOException {
        fixture.close();
    }

    private static void assertInUse(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
                .hasMessageContaining(PATH)
                .hasMessageContaining(", which runs as user " + System.getProperty("user.name"));
    }

    @Test
    void anIdleClientHoldsTheNameAndOnlyABusyOneTheSize() throws Exception {
        try (TestClient client = fixture.open(Mode.STRUCTURED);
                StoredFile file = fixture.volume.open(PATH)) {
            assertInUse(() -> fixture.volume.remove(PATH));
            assertInUse(() -> fixture.volume.rename("/vm", "/other"));
            file.truncate(8 << 20);
            client.read(0, 0, 4096);
            assertInUse(() -> file.truncate(4 << 20));
            assertThat(client.read(0, 4 << 20, 4096)).hasSize(4096);
        }
    }

    @Test
    void aClientThatIsCutOffHasTheRepliesToWhatWasInFlight() throws Exception {
        CountDownLatch waits = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (operation.equals("zero") || operation.equals("punch")) {
                waits.countDown();
                try {
                    gate.await();
                } catch (InterruptedException e) {
                    throw new HoldfastException(ErrorCode.FAILED, "interrupted", e);
                }
            }
        };
        try (TestClient client = fixture.open(Mode.STRUCTURED);
                TestClient idle = fixture.open(Mode.STRUCTURED);
                ExecutorService threads = Executors.newSingleThreadExecutor()) {
            client.request(CommandType.WRITE_ZEROES, 0, 5, 0, 4096);
            waits.await();
            Future<FileClaim> claim = threads.submit(() -> fixture.volume.claim(List.of(PATH), InUse.CUT_OFF));
            idle.expectEnd();
            try (TestClient late = fixture.greet()) {
                assertThat(late.ask(OptionType.GO, TestClient.infoRequest(ServerFixture.EXPORT))
                                .message())
                        .contains("being changed");
            }
            assertThat(claim.isDone()).isFalse();
            gate.countDown();
            assertThat(client.receive(0).error()).isZero();
            client.expectEnd();
            try (FileClaim _ = claim.get()) {
                fixture.volume.remove(PATH);
            }
            try (TestClient late = fixture.greet()) {
                assertThat(late.ask(OptionType.GO, TestClient.infoRequest(ServerFixture.EXPORT))
                                .message())
                        .contains("does not exist");
            }
        }
    }

    /** A client has begun as soon as a part of its first request has arrived. */
    @ParameterizedTest
    @ValueSource(ints = {1, 27, 28, 28 + 1000})
    void aClientWithinItsFirstRequestHasBegun(int bytes) throws Exception {
        byte[] write = ByteBuffer.allocate(28 + 4096)
                .putInt(0x25609513)
                .putInt(CommandType.WRITE.code())
                .putLong(5)
                .putLong(0)
                .putInt(4096)
                .array();
        try (TestClient client = fixture.open(Mode.SIMPLE);
                StoredFile file = fixture.volume.open(PATH)) {
            client.out.write(write, 0, bytes);
            client.out.flush();
            // The sent bytes may be on their way for a moment.
            boolean refused = false;
            for (long size = ServerFixture.SIZE - 1; !refused; size--) {
                try {
                    file.truncate(size);
                } catch (HoldfastException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.IN_USE);
                    refused = true;
                }
            }
            client.out.write(write, bytes, write.length - bytes);
            client.out.flush();
            assertThat(client.receive(0).error()).isZero();
        }
    }

    /** A client that only says goodbye does not keep its file from being cut. */
    @Test
    void aClientThatOnlySaysGoodbyeHasNotBegun() throws Exception {
        try (TestClient client = fixture.open(Mode.SIMPLE);
                StoredFile file = fixture.volume.open(PATH)) {
            client.request(CommandType.DISC, 0, 1, 0, 0);
            file.truncate(8 << 20);
            client.expectEnd();
        }
    }
}
