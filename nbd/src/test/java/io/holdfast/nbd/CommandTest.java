package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.TestClient.Chunk;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Extent;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every command, with every kind of reply. */
class CommandTest {
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
        assertThat(fixture.watched.closed).hasValueGreaterThanOrEqualTo(fixture.watched.opened.get());
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void readsWhatWasWritten(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            for (int length : new int[] {1, 511, 512, 4096, 4097, 65536, 65537, 300_000, 1 << 20, (3 << 20) + 17}) {
                byte[] data = random(length);
                assertThat(client.write(0, 12_345, data)).isZero();
                assertThat(client.read(0, 12_345, length)).isEqualTo(data);
                assertThat(client.read(0, 12_344, 1)).containsExactly(0);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void servesNothingAtAll(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            assertThat(client.call(CommandType.READ, 0, ServerFixture.SIZE, 0).error())
                    .isZero();
            assertThat(client.write(0, ServerFixture.SIZE, new byte[0])).isEqualTo(0);
            assertThat(client.call(CommandType.TRIM, 0, 5, 0).error()).isZero();
            assertThat(client.call(CommandType.WRITE_ZEROES, 0, 5, 0).error()).isZero();
            assertThat(client.call(CommandType.CACHE, 0, 5, 0).error()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void answersManyRequestsAtOnceInAnyOrder(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            byte[] data = random(1 << 20);
            client.write(0, 0, data);
            for (int i = 0; i < 256; i++) {
                client.request(CommandType.READ, 0, i, i * 4096L, 4096);
            }
            boolean[] seen = new boolean[256];
            for (int i = 0; i < 256; i++) {
                Chunk chunk = client.receive(4096);
                int cookie = (int) chunk.cookie();
                byte[] got = chunk.payload();
                int at = mode == Mode.SIMPLE ? 0 : 8;
                assertThat(Arrays.equals(got, at, at + 4096, data, cookie * 4096, (cookie + 1) * 4096))
                        .isTrue();
                assertThat(seen[cookie]).isFalse();
                seen[cookie] = true;
            }
        }
    }

    @Test
    void aWaitingRequestDoesNotHoldUpOthers() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (operation.equals("read") && offset == 0) {
                if (flags.contains(ReadFlag.NOWAIT)) {
                    throw new HoldfastException(ErrorCode.WOULD_BLOCK, "not in memory");
                }
                await(gate);
            }
        };
        try (TestClient client = fixture.open(Mode.STRUCTURED)) {
            client.request(CommandType.READ, 0, 1, 0, 4096);
            client.request(CommandType.READ, 0, 2, 4096, 4096);
            assertThat(client.receive(4096).cookie()).isEqualTo(2);
            gate.countDown();
            assertThat(client.receive(4096).cookie()).isEqualTo(1);
        }
    }

    @Test
    void aWriteThatWouldBlockIsDoneByAnotherThread() throws IOException {
        AtomicInteger refused = new AtomicInteger();
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (operation.equals("write") && flags.contains(WriteFlag.NOWAIT)) {
                refused.incrementAndGet();
                throw new HoldfastException(ErrorCode.WOULD_BLOCK, "no memory now");
            }
        };
        try (TestClient client = fixture.open(Mode.SIMPLE)) {
            byte[] data = random(4096);
            assertThat(client.write(0, 8192, data)).isZero();
            assertThat(client.read(0, 8192, 4096)).isEqualTo(data);
        }
        assertThat(refused).hasValue(1);
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void longWritesThatWaitGoTogether(Mode mode) throws IOException {
        AtomicInteger together = new AtomicInteger();
        byte[] data = random(64 << 16);
        try (TestClient client = fixture.open(mode)) {
            assertThat(writeAllAtOnce(client, data, together, ErrorCode.WOULD_BLOCK))
                    .containsOnly(0);
            assertThat(client.read(0, 0, data.length)).isEqualTo(data);
        }
        assertThat(together.get()).isPositive();
    }

    @Test
    void eachOfThoseThatFailTogetherIsAnsweredOnce() throws IOException {
        AtomicInteger together = new AtomicInteger();
        byte[] data = random(64 << 16);
        try (TestClient client = fixture.open(Mode.STRUCTURED)) {
            int[] errors = writeAllAtOnce(client, data, together, ErrorCode.DEVICE_ERROR);
            assertThat(together.get()).isPositive();
            for (int i = 0; i < errors.length; i++) {
                assertThat(errors[i]).isIn(0, 5);
                if (errors[i] == 0) {
                    assertThat(client.read(0, (long) i << 16, 1 << 16))
                            .isEqualTo(Arrays.copyOfRange(data, i << 16, (i + 1) << 16));
                }
            }
            assertThat(errors).contains(0, 5);
        }
    }

    /**
     * Sends 64 writes of 64 KiB while the first ones are held up, and returns their errors.
     *
     * @param outcome the error that writing together ends with; WOULD_BLOCK stands for success
     */
    private int[] writeAllAtOnce(TestClient client, byte[] data, AtomicInteger together, ErrorCode outcome)
            throws IOException {
        CountDownLatch gate = new CountDownLatch(1);
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (operation.equals("write") && length == 1 << 16) {
                await(gate);
            } else if (operation.equals("writeTogether")) {
                together.incrementAndGet();
                if (outcome != ErrorCode.WOULD_BLOCK) {
                    throw new HoldfastException(outcome, "broken");
                }
            }
        };
        for (int i = 0; i < 64; i++) {
            byte[] payload = Arrays.copyOfRange(data, i << 16, (i + 1) << 16);
            client.sendWrite(0, i, (long) i << 16, payload);
        }
        // The reply to this write shows that the server has received all before it.
        client.sendWrite(0, 64, 8 << 20, new byte[512]);
        int[] errors = new int[65];
        Arrays.fill(errors, -1);
        for (int i = 0; i < 65; i++) {
            Chunk chunk = client.receive(0);
            assertThat(errors[(int) chunk.cookie()]).isEqualTo(-1);
            errors[(int) chunk.cookie()] = chunk.error();
            gate.countDown();
        }
        return Arrays.copyOf(errors, 64);
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void forcesUnitAccessOfWritesOnly(Mode mode) throws IOException {
        ConcurrentLinkedQueue<String> durable = new ConcurrentLinkedQueue<>();
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (operation.equals("flush") || flags.contains(WriteFlag.FUA)) {
                durable.add(operation);
            }
        };
        try (TestClient client = fixture.open(mode)) {
            assertThat(client.read(Wire.FLAG_FUA, 0, 512)).hasSize(512);
            assertThat(client.call(CommandType.CACHE, Wire.FLAG_FUA, 0, 512).error())
                    .isZero();
            assertThat(durable).isEmpty();
            assertThat(client.write(Wire.FLAG_FUA, 0, random(512))).isZero();
            assertThat(durable).containsExactly("write");
            assertThat(client.write(Wire.FLAG_FUA, 0, random(3 << 20))).isZero();
            assertThat(client.call(CommandType.TRIM, Wire.FLAG_FUA, 0, 8192).error())
                    .isZero();
            assertThat(client.call(CommandType.WRITE_ZEROES, Wire.FLAG_FUA, 0, 8192)
                            .error())
                    .isZero();
            assertThat(client.call(CommandType.FLUSH, Wire.FLAG_FUA, 0, 0).error())
                    .isZero();
            assertThat(durable).containsExactly("write", "flush", "flush", "flush", "flush");
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void trimsWholeBlocksAndLeavesTheEdges(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            byte[] data = random(5 * 4096);
            client.write(0, 0, data);
            assertThat(client.call(CommandType.TRIM, 0, 100, 4 * 4096).error()).isZero();
            Arrays.fill(data, 4096, 4 * 4096, (byte) 0);
            assertThat(client.read(0, 0, data.length)).isEqualTo(data);
            assertThat(client.call(CommandType.TRIM, 0, 4 * 4096 + 1, 4094).error())
                    .isZero();
            assertThat(client.read(0, 0, data.length)).isEqualTo(data);
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void writesZeroesWithAndWithoutHole(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode);
                StoredFile file = fixture.volume.open("/vm/disk")) {
            byte[] data = random(8 * 4096);
            client.write(0, 0, data);
            assertThat(client.call(CommandType.WRITE_ZEROES, 0, 10, 2 * 4096).error())
                    .isZero();
            assertThat(client.call(CommandType.WRITE_ZEROES, Wire.FLAG_NO_HOLE, 4 * 4096, 4096)
                            .error())
                    .isZero();
            assertThat(client.call(CommandType.WRITE_ZEROES, Wire.FLAG_FAST_ZERO, 6 * 4096, 4096)
                            .error())
                    .isZero();
            Arrays.fill(data, 10, 10 + 2 * 4096, (byte) 0);
            Arrays.fill(data, 4 * 4096, 5 * 4096, (byte) 0);
            Arrays.fill(data, 6 * 4096, 7 * 4096, (byte) 0);
            assertThat(client.read(0, 0, data.length)).isEqualTo(data);
            assertThat(file.map(0, data.length, 100).stream().map(Extent::state))
                    .containsExactly(
                            Extent.State.WRITTEN,
                            Extent.State.HOLE,
                            Extent.State.WRITTEN,
                            Extent.State.UNWRITTEN,
                            Extent.State.WRITTEN,
                            Extent.State.HOLE,
                            Extent.State.WRITTEN);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"STRUCTURED", "EXTENDED"})
    void tellsWhatIsAllocated(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            client.write(0, 4096, random(4096));
            client.call(CommandType.WRITE_ZEROES, Wire.FLAG_NO_HOLE, 3 * 4096, 2 * 4096);
            assertThat(status(client, 0, 0, 8 * 4096))
                    .containsExactly(4096L, 3L, 4096L, 0L, 4096L, 3L, 8192L, 2L, 3L * 4096, 3L);
            assertThat(status(client, 0, 5000, 100)).containsExactly(100L, 0L);
            assertThat(status(client, Wire.FLAG_REQ_ONE, 0, 8 * 4096)).containsExactly(4096L, 3L);
            assertThat(status(client, 0, ServerFixture.SIZE - 4096, 4096)).containsExactly(4096L, 3L);
        }
    }

    @Test
    void tellsTheStateOfTerabytesAtOnceWithExtendedHeaders() throws IOException {
        fixture.volume.create("/large", CreateOptions.file().withSize(1L << 50)).close();
        try (TestClient client = TestClient.open(fixture.address, "large", Mode.EXTENDED)) {
            assertThat(status(client, 0, 0, 1L << 50)).containsExactly(1L << 50, 3L);
            assertThat(client.call(CommandType.WRITE_ZEROES, 0, 0, 1L << 50).error())
                    .isZero();
            assertThat(client.call(CommandType.TRIM, 0, 0, 1L << 50).error()).isZero();
            assertThat(client.call(CommandType.CACHE, 0, 0, 1L << 50).error()).isZero();
        }
    }

    @Test
    void blockStatusTakesTheListOfContextsAsPayload() throws IOException {
        try (TestClient client = fixture.open(Mode.EXTENDED)) {
            Chunk chunk = statusWithPayload(client, 4096, 1);
            assertThat(chunk.type()).isEqualTo(Wire.CHUNK_BLOCK_STATUS_EXT);
            assertThat(chunk.buffer().getLong(8)).isEqualTo(4096);
            assertThat(statusWithPayload(client, 4096).error()).isEqualTo(22);
            assertThat(statusWithPayload(client, 4096, 1, 1).error()).isEqualTo(22);
            assertThat(statusWithPayload(client, 4096, 2).error()).isEqualTo(22);
            assertThat(statusWithPayload(client, ServerFixture.SIZE + 1, 1).error())
                    .isEqualTo(22);
            assertThat(statusWithPayload(client, 4096, new int[5000]).error()).isEqualTo(22);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"STRUCTURED", "EXTENDED"})
    void unfragmentedReadsComeInOneChunk(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            byte[] data = random(8 << 20);
            client.write(0, 0, data);
            assertThat(client.read(Wire.FLAG_DF, 0, data.length)).isEqualTo(data);
        }
    }

    @Test
    void aReadWithABadBlockGivesWhatIsBeforeItAndNamesIt() throws IOException {
        long bad = (1 << 20) + 5 * 4096;
        fixture.watched.hook = (operation, offset, length, flags) -> {
            if (operation.equals("read") && offset <= bad && bad < offset + length) {
                throw new HoldfastException(ErrorCode.CHECKSUM_MISMATCH, "/vm/disk: block 261 does not match");
            }
        };
        byte[] data = random(3 << 20);
        try (TestClient client = fixture.open(Mode.STRUCTURED)) {
            client.write(0, 0, data);
            client.request(CommandType.READ, 0, 5, 1000, 2 << 20);
            Chunk content = client.receive(0);
            assertThat(content.done()).isFalse();
            assertThat(content.type()).isEqualTo(Wire.CHUNK_OFFSET_DATA);
            assertThat(Arrays.copyOfRange(content.payload(), 8, content.payload().length))
                    .isEqualTo(Arrays.copyOfRange(data, 1000, (int) bad));
            Chunk error = client.receive(0);
            assertThat(error.done()).isTrue();
            assertThat(error.type()).isEqualTo(Wire.CHUNK_ERROR_OFFSET);
            assertThat(error.error()).isEqualTo(5);
            assertThat(error.message()).contains("block 261");
            assertThat(error.buffer().getLong(error.payload().length - 8)).isEqualTo(bad);

            Chunk all = client.call(CommandType.READ, 0, bad, 4096);
            assertThat(all.type()).isEqualTo(Wire.CHUNK_ERROR);
        }
        try (TestClient client = fixture.open(Mode.SIMPLE)) {
            assertThat(client.call(CommandType.READ, 0, 1000, 2 << 20).error()).isEqualTo(5);
            assertThat(client.read(0, 0, 4096)).isEqualTo(Arrays.copyOf(data, 4096));
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void translatesTheErrorsOfTheEngine(Mode mode) throws IOException {
        for (ErrorCode code : ErrorCode.values()) {
            // Behind the end each command has its own error; ResizedExportTest covers that.
            if (code == ErrorCode.WOULD_BLOCK || code == ErrorCode.BEYOND_END) {
                continue;
            }
            fixture.watched.hook = (operation, offset, length, flags) -> {
                if (!operation.equals("size")) {
                    throw new HoldfastException(code, "what went wrong");
                }
            };
            int expected = switch (code) {
                case NO_SPACE, HOST_FULL, FILE_TOO_LARGE -> 28;
                case READ_ONLY -> 1;
                case NO_MEMORY -> 12;
                case INVALID -> 22;
                case UNSUPPORTED -> 95;
                case CLOSED -> 108;
                default -> 5;
            };
            try (TestClient client = fixture.open(mode)) {
                assertThat(client.write(0, 0, new byte[512])).isEqualTo(expected);
                assertThat(client.write(0, 0, new byte[3 << 20])).isEqualTo(expected);
                for (CommandType type : List.of(
                        CommandType.READ,
                        CommandType.FLUSH,
                        CommandType.TRIM,
                        CommandType.WRITE_ZEROES,
                        CommandType.CACHE)) {
                    Chunk chunk = client.call(type, 0, 0, 8192);
                    assertThat(chunk.error()).as("%s %s", code, type).isEqualTo(expected);
                    if (mode != Mode.SIMPLE) {
                        assertThat(chunk.message()).isEqualTo("what went wrong");
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void aReadOnlyServerRefusesWrites(Mode mode) throws IOException {
        try (ServerFixture readOnly =
                        new ServerFixture(directory, NbdOptions.defaults().withReadOnly(true));
                TestClient client = readOnly.greet()) {
            assertThat(client.negotiate("vm/disk", mode).flags() & Wire.TRANSMIT_READ_ONLY)
                    .isNotZero();
            assertThat(client.write(0, 0, random(70_000))).isEqualTo(1);
            assertThat(client.call(CommandType.TRIM, 0, 0, 4096).error()).isEqualTo(1);
            assertThat(client.call(CommandType.WRITE_ZEROES, 0, 0, 4096).error())
                    .isEqualTo(1);
            assertThat(client.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
            assertThat(client.read(0, 0, 4096)).containsOnly(0);
        }
    }

    @Test
    void aFlushCoversWhatOtherConnectionsWrote() throws IOException {
        ConcurrentLinkedQueue<String> operations = new ConcurrentLinkedQueue<>();
        try (TestClient one = fixture.open(Mode.SIMPLE);
                TestClient two = fixture.open(Mode.STRUCTURED)) {
            fixture.watched.hook = (operation, offset, length, flags) -> operations.add(operation);
            byte[] data = random(4096);
            assertThat(one.write(0, 0, data)).isZero();
            assertThat(two.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
            assertThat(two.read(0, 0, 4096)).isEqualTo(data);
        }
        assertThat(operations).containsSubsequence("write", "flush");
    }

    @Test
    void countsWhatItDoes() throws IOException {
        try (TestClient client = fixture.open(Mode.STRUCTURED)) {
            client.write(0, 0, new byte[1000]);
            client.read(0, 0, 300);
            client.call(CommandType.TRIM, 0, ServerFixture.SIZE, 1);
            assertThat(fixture.server.counters()).isEqualTo(new NbdCounters(1, 1, 0, 3, 1, 300, 1000));
            NbdMetrics metrics = fixture.server.metrics();
            assertThat(metrics.exports()).singleElement().satisfies(export -> {
                assertThat(export.requests()).containsEntry("write", 1L).containsEntry("read", 1L);
                assertThat(export.requests()).containsEntry("trim", 1L).containsEntry("unknown", 0L);
                assertThat(export.errors()).isEqualTo(1);
                assertThat(export.bytesRead()).isEqualTo(300);
                assertThat(export.bytesWritten()).isEqualTo(1000);
            });
            assertThat(metrics.others().total()).isZero();
            assertThat(metrics.operations())
                    .filteredOn(operation -> operation.name().equals("write"))
                    .singleElement()
                    .satisfies(
                            operation -> assertThat(operation.times().count()).isEqualTo(1));
        }
    }

    private static Chunk statusWithPayload(TestClient client, long length, int... ids) throws IOException {
        ByteBuffer payload = ByteBuffer.allocate(8 + 4 * ids.length).putLong(length);
        for (int id : ids) {
            payload.putInt(id);
        }
        client.request(CommandType.BLOCK_STATUS, Wire.FLAG_PAYLOAD_LEN, 9, 0, payload.capacity());
        client.out.write(payload.array());
        client.out.flush();
        return client.receive(0);
    }

    static List<Long> status(TestClient client, int flags, long offset, long length) throws IOException {
        Chunk chunk = client.call(CommandType.BLOCK_STATUS, flags, offset, length);
        ByteBuffer payload = chunk.buffer();
        assertThat(payload.getInt()).isEqualTo(1);
        List<Long> result = new ArrayList<>();
        if (client.extended) {
            assertThat(chunk.type()).isEqualTo(6);
            assertThat(payload.getInt()).isEqualTo(payload.remaining() / 16);
        } else {
            assertThat(chunk.type()).isEqualTo(5);
        }
        while (payload.hasRemaining()) {
            result.add(client.extended ? payload.getLong() : Integer.toUnsignedLong(payload.getInt()));
        }
        return result;
    }

    private static byte[] random(int length) {
        byte[] data = new byte[length];
        new Random(length).nextBytes(data);
        return data;
    }

    private static void await(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
