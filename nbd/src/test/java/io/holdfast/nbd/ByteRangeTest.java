package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.CreateOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Any range of bytes is served, by every command, also at the end of an export of odd size. */
class ByteRangeTest {
    private static final int SIZE = 100_003;
    private static final String EXPORT = "odd";

    @TempDir
    Path directory;

    private ServerFixture fixture;

    @BeforeEach
    void start() throws IOException {
        fixture = new ServerFixture(directory, NbdOptions.defaults());
        fixture.volume.create("/" + EXPORT, CreateOptions.file().withSize(SIZE)).close();
    }

    @AfterEach
    void stop() throws IOException {
        fixture.close();
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void everyCommandTakesAnyRange(Mode mode) throws IOException {
        Random random = new Random(7);
        byte[] model = new byte[SIZE];
        try (TestClient client = TestClient.greet(fixture.address)) {
            assertThat(client.negotiate(EXPORT, mode))
                    .extracting(TestClient.Info::size, TestClient.Info::minimum)
                    .containsExactly((long) SIZE, 1);
            for (int i = 0; i < 300; i++) {
                int length = 1 + random.nextInt(1 << random.nextInt(15));
                int offset = random.nextInt(3) == 0 ? SIZE - length : random.nextInt(SIZE - length);
                step(client, mode, random, model, offset, length);
            }
            assertThat(client.read(0, 0, SIZE)).isEqualTo(model);
        }
    }

    private static void step(TestClient client, Mode mode, Random random, byte[] model, int offset, int length)
            throws IOException {
        switch (random.nextInt(6)) {
            case 0 -> {
                byte[] data = new byte[length];
                random.nextBytes(data);
                assertThat(client.write(random.nextInt(2), offset, data)).isZero();
                System.arraycopy(data, 0, model, offset, length);
            }
            case 1 -> {
                int flags = random.nextInt(3);
                assertThat(client.call(CommandType.WRITE_ZEROES, flags, offset, length)
                                .error())
                        .isZero();
                Arrays.fill(model, offset, offset + length, (byte) 0);
            }
            case 2 -> {
                assertThat(client.call(CommandType.TRIM, 0, offset, length).error())
                        .isZero();
                byte[] now = client.read(0, offset, length);
                for (int i = 0; i < length; i++) {
                    assertThat(now[i]).isIn(model[offset + i], (byte) 0);
                }
                System.arraycopy(now, 0, model, offset, length);
            }
            case 3 ->
                assertThat(client.call(CommandType.CACHE, 0, offset, length).error())
                        .isZero();
            case 4 -> {
                if (mode != Mode.SIMPLE) {
                    checkStatus(client, mode, model, offset, length);
                }
            }
            default -> {}
        }
        int from = Math.max(0, offset - 100);
        int end = Math.min(SIZE, offset + length + 100);
        assertThat(client.read(0, from, end - from)).isEqualTo(Arrays.copyOfRange(model, from, end));
    }

    /** Checks a block status: at least one extent, all within the range; what it calls zero is zero. */
    private static void checkStatus(TestClient client, Mode mode, byte[] model, int offset, int length)
            throws IOException {
        boolean extended = mode == Mode.EXTENDED;
        ByteBuffer payload = client.call(CommandType.BLOCK_STATUS, 0, offset, length)
                .buffer()
                .position(extended ? 8 : 4);
        long at = offset;
        assertThat(payload.hasRemaining()).isTrue();
        while (payload.hasRemaining()) {
            long bytes = extended ? payload.getLong() : payload.getInt();
            long flags = extended ? payload.getLong() : payload.getInt();
            assertThat(bytes).isBetween(1L, offset + length - at);
            for (long i = at; (flags & Wire.STATE_ZERO) != 0 && i < at + bytes; i++) {
                assertThat(model[(int) i]).isZero();
            }
            at += bytes;
        }
        assertThat(at).isEqualTo(offset + length);
    }
}
