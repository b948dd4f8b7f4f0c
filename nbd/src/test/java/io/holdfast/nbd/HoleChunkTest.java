package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Chunk;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.Wire;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Zeroes are sent as holes, which carry no data. */
class HoleChunkTest {
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

    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"STRUCTURED", "EXTENDED"})
    void whatIsAllZeroesIsOneHole(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            client.write(0, 8 << 20, new byte[4096]);
            for (int flags : new int[] {0, Wire.FLAG_DF}) {
                for (int length : new int[] {1, 7, 512, 4096, 65536, (1 << 20) + 1, 16 << 20}) {
                    List<Chunk> chunks = client.readChunks(flags, ServerFixture.SIZE - length, length);
                    assertThat(chunks).hasSize(1);
                    assertThat(chunks.getFirst().type()).isEqualTo(Wire.CHUNK_OFFSET_HOLE);
                    assertThat(chunks.getFirst().buffer().getLong()).isEqualTo(ServerFixture.SIZE - length);
                    assertThat(chunks.getFirst().buffer().getInt(8)).isEqualTo(length);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void dataAndHolesMakeUpWhatIsThere(Mode mode) throws IOException {
        byte[] model = new byte[(int) ServerFixture.SIZE];
        Random random = new Random(3);
        try (TestClient client = fixture.open(mode)) {
            for (int i = 0; i < 30; i++) {
                byte[] data = new byte[1 + random.nextInt(100_000)];
                random.nextBytes(data);
                int offset = random.nextInt(model.length - data.length);
                assertThat(client.write(0, offset, data)).isZero();
                System.arraycopy(data, 0, model, offset, data.length);
            }
            for (int i = 0; i < 30; i++) {
                int length = 1 + random.nextInt(i % 2 == 0 ? model.length : 200_000);
                int offset = random.nextInt(model.length - length + 1);
                byte[] expected = Arrays.copyOfRange(model, offset, offset + length);
                assertThat(client.read(0, offset, length)).isEqualTo(expected);
                if (mode != Mode.SIMPLE) {
                    assertThat(client.read(Wire.FLAG_DF, offset, length)).isEqualTo(expected);
                    assertThat(client.readChunks(Wire.FLAG_DF, offset, length)).hasSize(1);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"STRUCTURED", "EXTENDED"})
    void aHoleBetweenDataMovesNoZeroes(Mode mode) throws IOException {
        byte[] data = new byte[8192];
        Arrays.fill(data, (byte) 1);
        try (TestClient client = fixture.open(mode)) {
            client.write(0, 0, data);
            client.write(0, ServerFixture.SIZE - data.length, data);
            List<Chunk> chunks = client.readChunks(0, 0, (int) ServerFixture.SIZE);
            assertThat(chunks).extracting(Chunk::type).containsExactly(1, 2, 1);
            assertThat(chunks).extracting(c -> c.payload().length).containsExactly(8200, 12, 8200);
            // Too short to be worth two more chunks.
            client.write(0, 16384, data);
            assertThat(client.readChunks(0, 0, 24576)).extracting(Chunk::type).containsExactly(1);
        }
    }

    /** A hole never shows an older state of the file: each read sees every write that was answered before it. */
    @Test
    void aReadSeesWhatWasWrittenAndZeroedBefore() throws Exception {
        int length = 256 << 10;
        byte[] data = new byte[length];
        Arrays.fill(data, (byte) 9);
        AtomicBoolean done = new AtomicBoolean();
        try (TestClient writer = fixture.open(Mode.SIMPLE);
                TestClient reader = fixture.open(Mode.STRUCTURED);
                TestClient other = fixture.open(Mode.STRUCTURED)) {
            Thread noise = Thread.ofPlatform().start(() -> {
                try {
                    while (!done.get()) {
                        other.read(0, 0, length);
                    }
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            try {
                for (int i = 0; i < 200; i++) {
                    int offset = i % 4 * 65536 + i % 3;
                    int bytes = i % 2 == 0 ? 65000 : 33_000;
                    assertThat(writer.write(0, offset, Arrays.copyOf(data, bytes)))
                            .isZero();
                    assertThat(reader.read(0, offset, bytes)).containsOnly(9);
                    assertThat(writer.call(CommandType.WRITE_ZEROES, i & 2, offset, bytes)
                                    .error())
                            .isZero();
                    assertThat(reader.read(0, 0, length)).containsOnly(0);
                }
            } finally {
                done.set(true);
                noise.join();
            }
        }
    }
}
