package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A file is made smaller or larger while clients have it open: no client undoes that. */
class ResizedExportTest {
    private static final int EINVAL = 22;
    private static final int ENOSPC = 28;
    private static final long SMALL = 1 << 20;
    private static final List<Integer> LENGTHS = List.of(1, 4096, 65536, 1 << 20, (3 << 20) + 17);

    @TempDir
    Path directory;

    private ServerFixture fixture;

    @BeforeEach
    void start() throws IOException {
        fixture = new ServerFixture(directory, NbdOptions.defaults());
        // A client that has begun keeps its file from being cut. This test is about clients that begin after that check
        // and before the cut.
        fixture.watched.nobodys = true;
    }

    @AfterEach
    void stop() throws IOException {
        fixture.close();
    }

    private void resize(long size) throws HoldfastException {
        try (StoredFile file = fixture.volume.open("/vm/disk")) {
            file.truncate(size);
        }
    }

    private void assertSize(long size) throws HoldfastException {
        assertThat(fixture.volume.status("/vm/disk").size()).isEqualTo(size);
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void everyRequestMeetsTheNewEnd(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            assertThat(client.write(0, 8 << 20, new byte[4096])).isZero();
            resize(SMALL);
            for (int length : LENGTHS) {
                for (long offset : new long[] {SMALL, SMALL - length + 1, 8 << 20, ServerFixture.SIZE - length}) {
                    long at = Math.max(offset, 0);
                    assertThat(client.write(0, at, new byte[length])).isEqualTo(ENOSPC);
                    assertThat(client.write(Wire.FLAG_FUA, at, new byte[length]))
                            .isEqualTo(ENOSPC);
                    assertThat(error(client, CommandType.WRITE_ZEROES, 0, at, length))
                            .isEqualTo(ENOSPC);
                    assertThat(error(client, CommandType.WRITE_ZEROES, Wire.FLAG_NO_HOLE, at, length))
                            .isEqualTo(ENOSPC);
                    assertThat(error(client, CommandType.TRIM, 0, at, length)).isEqualTo(EINVAL);
                    assertThat(error(client, CommandType.CACHE, 0, at, length)).isEqualTo(EINVAL);
                    assertThat(error(client, CommandType.READ, 0, at, length)).isEqualTo(EINVAL);
                    if (mode != Mode.SIMPLE) {
                        assertThat(error(client, CommandType.BLOCK_STATUS, 0, at, length))
                                .isEqualTo(EINVAL);
                    }
                }
            }
            assertSize(SMALL);
            // The rest is still served.
            assertThat(client.write(0, SMALL - 4096, new byte[4096])).isZero();
            assertThat(client.read(0, 0, (int) SMALL)).hasSize((int) SMALL);
        }
    }

    private static int error(TestClient client, CommandType type, int flags, long offset, int length)
            throws IOException {
        return client.call(type, flags, offset, length).error();
    }

    @Test
    void aConnectionThatWasToldTheSmallerSizeGoesOnWhenTheFileGrows() throws IOException {
        try (TestClient client = fixture.open(Mode.STRUCTURED)) {
            resize(2 * ServerFixture.SIZE);
            assertThat(client.write(0, ServerFixture.SIZE - 4096, new byte[4096]))
                    .isZero();
            assertThat(client.read(0, ServerFixture.SIZE - 4096, 4096)).hasSize(4096);
            assertThat(client.write(0, ServerFixture.SIZE, new byte[4096])).isEqualTo(ENOSPC);
            try (TestClient other = TestClient.greet(fixture.address)) {
                assertThat(other.negotiate(ServerFixture.EXPORT, Mode.STRUCTURED)
                                .size())
                        .isEqualTo(2 * ServerFixture.SIZE);
                assertThat(other.write(0, ServerFixture.SIZE, new byte[4096])).isZero();
            }
        }
    }

    /** Cuts the file while a request waits that has passed every check of its header. */
    @ParameterizedTest
    @EnumSource(
            value = CommandType.class,
            names = {"WRITE", "WRITE_ZEROES", "TRIM"})
    void aRequestThatWaitedMeetsTheNewEnd(CommandType type) throws Exception {
        CountDownLatch waits = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        Set<String> held = Set.of("write", "writeTogether", "punch", "zero");
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (held.contains(operation) && flags.isEmpty()) {
                waits.countDown();
                try {
                    gate.await();
                } catch (InterruptedException e) {
                    throw new HoldfastException(ErrorCode.FAILED, "interrupted", e);
                }
            }
        };
        try (TestClient client = fixture.open(Mode.STRUCTURED);
                StoredFile file = fixture.volume.open("/vm/disk")) {
            if (type == CommandType.WRITE) {
                client.sendWrite(0, 1, 8 << 20, new byte[100_000]);
            } else {
                client.request(type, 0, 1, 8 << 20, 100_000);
            }
            waits.await();
            file.truncate(SMALL);
            gate.countDown();
            assertThat(client.receive(100_000).error()).isEqualTo(type == CommandType.TRIM ? EINVAL : ENOSPC);
            assertThat(file.size()).isEqualTo(SMALL);
        }
    }
}
