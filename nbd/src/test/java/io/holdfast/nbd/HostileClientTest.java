package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.TestClient.Chunk;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server must survive. After each test the server must still serve a well-behaved client. */
@Timeout(120)
class HostileClientTest {
    private static final byte[] NOTHING = {};

    @TempDir
    Path directory;

    private ServerFixture fixture;

    @BeforeEach
    void start() throws IOException {
        fixture = new ServerFixture(directory, NbdOptions.defaults());
    }

    @AfterEach
    void stillServesAndLeaksNothing() throws IOException {
        fixture.watched.hook = (operation, offset, length, flags) -> {};
        try (TestClient client = fixture.open(Mode.STRUCTURED)) {
            assertThat(client.write(Wire.FLAG_FUA, 0, new byte[4096])).isZero();
            assertThat(client.read(0, 0, 4096)).containsOnly(0);
        }
        fixture.close();
        assertThat(fixture.server.counters().connections()).isZero();
        assertThat(fixture.watched.closed).hasValue(fixture.watched.opened.get());
    }

    // Handshake

    @Test
    void unknownClientFlagsEndTheConnection() throws IOException {
        try (TestClient client = TestClient.connect(fixture.address)) {
            client.greeting(4);
            client.expectEnd();
        }
    }

    @Test
    void aBadOptionMagicEndsTheConnection() throws IOException {
        try (TestClient client = fixture.greet()) {
            client.out.writeLong(1);
            client.out.writeLong(0);
            client.out.flush();
            client.expectEnd();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 12, 99, -1})
    void unknownOptionsAreAnsweredAndSkipped(int option) throws IOException {
        try (TestClient client = fixture.greet()) {
            assertThat(client.ask(option, new byte[5000]).error()).isEqualTo(OptionReply.ERR_UNSUP);
            client.go("vm/disk", Mode.SIMPLE);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @Test
    void aFloodOfUnknownOptionsEndsTheConnection() throws IOException {
        try (TestClient client = fixture.greet()) {
            for (int i = 0; i < 32; i++) {
                assertThat(client.ask(1000 + i, NOTHING).error()).isEqualTo(OptionReply.ERR_UNSUP);
            }
            client.sendOption(7, NOTHING.length, NOTHING);
            client.expectEnd();
        }
    }

    @Test
    void aFloodOfListingsEndsTheConnection() throws IOException {
        try (TestClient client = fixture.greet()) {
            for (int i = 0; i < 4; i++) {
                assertThat(client.ask(OptionType.LIST, NOTHING).error()).isNull();
            }
            client.sendOption(3, 0, NOTHING);
            client.expectEnd();
        }
    }

    @Test
    void aFloodOfGoodOptionsEndsTheConnection() throws IOException {
        try (TestClient client = fixture.greet()) {
            for (int i = 0; i < 4096; i++) {
                assertThat(client.ask(OptionType.STRUCTURED_REPLY, NOTHING).error())
                        .isNull();
            }
            client.sendOption(8, 0, NOTHING);
            client.expectEnd();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {(1 << 20) + 1, Integer.MAX_VALUE, -1})
    void anAbsurdOptionLengthEndsTheConnection(int length) throws IOException {
        for (OptionType option : OptionType.values()) {
            try (TestClient client = fixture.greet()) {
                client.sendOption(option.code(), length, NOTHING);
                client.expectEnd();
            }
        }
    }

    @Test
    void aLongOptionIsSkippedAndRefused() throws IOException {
        try (TestClient client = fixture.greet()) {
            assertThat(client.ask(OptionType.INFO, new byte[(64 << 10) + 1]).error())
                    .isEqualTo(OptionReply.ERR_TOO_BIG);
            assertThat(client.go("vm/disk", Mode.SIMPLE).size()).isEqualTo(ServerFixture.SIZE);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = OptionType.class,
            names = {"LIST", "STARTTLS", "STRUCTURED_REPLY", "EXTENDED_HEADERS"})
    void dataWhereNoneBelongsIsInvalid(OptionType option) throws IOException {
        try (TestClient client = fixture.greet()) {
            assertThat(client.ask(option, new byte[1]).error()).isEqualTo(OptionReply.ERR_INVALID);
        }
    }

    /** CVE-2022-26495: a name length near 2^32 must not overflow into a small allocation. */
    @ParameterizedTest
    @ValueSource(ints = {-1, -4, -6, Integer.MAX_VALUE, Integer.MIN_VALUE, 8, 4097})
    void aNameLengthBeyondTheOptionIsInvalid(int length) throws IOException {
        try (TestClient client = fixture.greet()) {
            client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
            for (OptionType option : new OptionType[] {
                OptionType.INFO, OptionType.GO, OptionType.LIST_META_CONTEXT, OptionType.SET_META_CONTEXT
            }) {
                byte[] data = ByteBuffer.allocate(13)
                        .putInt(length)
                        .put("vm/disk".getBytes(StandardCharsets.UTF_8))
                        .array();
                assertThat(client.ask(option, data).error()).isEqualTo(OptionReply.ERR_INVALID);
            }
        }
    }

    /** CVE-2022-26496: a name longer than any string may be must not land in a buffer for shorter ones. */
    @ParameterizedTest
    @ValueSource(ints = {4097, 10_000, 60_000})
    void aNameThatIsTooLongIsInvalid(int length) throws IOException {
        try (TestClient client = fixture.greet()) {
            byte[] data = ByteBuffer.allocate(length + 6).putInt(length).array();
            assertThat(client.ask(OptionType.GO, data).error()).isEqualTo(OptionReply.ERR_INVALID);
            client.sendOption(1, length, new byte[length]);
            client.expectEnd();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 5})
    void anOptionShorterThanItsFixedPartIsInvalid(int length) throws IOException {
        try (TestClient client = fixture.greet()) {
            client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
            assertThat(client.ask(OptionType.GO, new byte[length]).error()).isEqualTo(OptionReply.ERR_INVALID);
            assertThat(client.ask(OptionType.SET_META_CONTEXT, new byte[length]).error())
                    .isEqualTo(OptionReply.ERR_INVALID);
        }
    }

    @Test
    void countsThatPromiseMoreThanThereIsAreInvalid() throws IOException {
        try (TestClient client = fixture.greet()) {
            client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
            byte[] info = ByteBuffer.allocate(6).putInt(0).putShort((short) -1).array();
            assertThat(client.ask(OptionType.GO, info).error()).isEqualTo(OptionReply.ERR_INVALID);
            byte[] queries = ByteBuffer.allocate(8).putInt(0).putInt(-1).array();
            assertThat(client.ask(OptionType.SET_META_CONTEXT, queries).error()).isEqualTo(OptionReply.ERR_INVALID);
            byte[] query =
                    ByteBuffer.allocate(12).putInt(0).putInt(1).putInt(-1).array();
            assertThat(client.ask(OptionType.SET_META_CONTEXT, query).error()).isEqualTo(OptionReply.ERR_INVALID);
        }
    }

    @Test
    void aNameThatIsNotUtf8IsInvalid() throws IOException {
        try (TestClient client = fixture.greet()) {
            byte[] data = ByteBuffer.allocate(8)
                    .putInt(2)
                    .put((byte) 0xc3)
                    .put((byte) 0x28)
                    .array();
            assertThat(client.ask(OptionType.GO, data).error()).isEqualTo(OptionReply.ERR_INVALID);
        }
    }

    @Test
    void aStalledHandshakeIsCutOff() throws IOException {
        NbdOptions impatient = NbdOptions.defaults().withHandshakeTimeout(Duration.ofMillis(200));
        try (ServerFixture hasty = new ServerFixture(directory, impatient);
                TestClient silent = TestClient.connect(hasty.address);
                TestClient greeted = hasty.greet()) {
            silent.expectEnd();
            greeted.expectEnd();
        }
    }

    @Test
    void aHandshakeByteByByteIsCutOff() throws IOException {
        NbdOptions impatient = NbdOptions.defaults().withHandshakeTimeout(Duration.ofMillis(300));
        try (ServerFixture hasty = new ServerFixture(directory, impatient);
                TestClient client = hasty.greet()) {
            boolean served = true;
            while (served) {
                try {
                    client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
                    client.ask(OptionType.INFO, TestClient.infoRequest("vm/disk"));
                } catch (IOException e) {
                    served = false;
                }
            }
        }
    }

    @Test
    void theHandshakeLimitDoesNotReachIntoTransmission() throws Exception {
        NbdOptions impatient = NbdOptions.defaults().withHandshakeTimeout(Duration.ofMillis(300));
        try (ServerFixture hasty = new ServerFixture(directory, impatient);
                TestClient served = hasty.open(Mode.SIMPLE);
                TestClient stalled = hasty.greet()) {
            stalled.expectEnd();
            assertThat(served.read(0, 0, 512)).hasSize(512);
        }
    }

    // Transmission

    @ParameterizedTest
    @EnumSource(Mode.class)
    void aBadRequestMagicEndsTheConnection(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            client.out.writeInt(mode == Mode.EXTENDED ? Wire.REQUEST_MAGIC : Wire.EXTENDED_REQUEST_MAGIC);
            client.out.write(new byte[28]);
            client.out.flush();
            client.expectEnd();
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void unknownCommandsAndFlagsAreInvalid(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            client.request(8, 0, 1, 0, 512);
            assertThat(client.receive(0).error()).isEqualTo(22);
            client.request(65535, 0, 1, -1, -1);
            assertThat(client.receive(0).error()).isEqualTo(22);
            for (int flags : new int[] {Wire.FLAG_NO_HOLE, Wire.FLAG_REQ_ONE, Wire.FLAG_FAST_ZERO, 1 << 6, 1 << 15}) {
                assertThat(client.call(CommandType.READ, flags, 0, 512).error()).isEqualTo(22);
                assertThat(client.call(CommandType.TRIM, flags, 0, 512).error()).isEqualTo(22);
                assertThat(client.call(CommandType.FLUSH, flags, 0, 0).error()).isEqualTo(22);
                assertThat(client.write(flags, 0, new byte[512])).isEqualTo(22);
            }
            if (mode == Mode.SIMPLE) {
                assertThat(client.call(CommandType.READ, Wire.FLAG_DF, 0, 512).error())
                        .isEqualTo(22);
            }
            assertThat(client.call(CommandType.WRITE_ZEROES, Wire.FLAG_DF, 0, 512)
                            .error())
                    .isEqualTo(22);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void whatReachesBeyondTheEndIsRefused(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            long size = ServerFixture.SIZE;
            long[] offsets = {size, size - 511, size + 1, Long.MAX_VALUE, Long.MIN_VALUE, -1, -511, -512};
            for (long offset : offsets) {
                assertThat(client.write(0, offset, new byte[512])).isEqualTo(28);
                assertThat(client.call(CommandType.WRITE_ZEROES, 0, offset, 512).error())
                        .isEqualTo(28);
                assertThat(client.call(CommandType.READ, 0, offset, 512).error())
                        .isEqualTo(22);
                assertThat(client.call(CommandType.TRIM, 0, offset, 512).error())
                        .isEqualTo(22);
                assertThat(client.call(CommandType.CACHE, 0, offset, 512).error())
                        .isEqualTo(22);
                assertThat(client.call(CommandType.BLOCK_STATUS, 0, offset, 512).error())
                        .isEqualTo(22);
            }
            assertThat(client.call(CommandType.TRIM, 0, 4096, 0xffffffffL).error())
                    .isEqualTo(22);
            if (mode == Mode.EXTENDED) {
                for (long length : new long[] {-1, -4096, Long.MIN_VALUE, Long.MAX_VALUE}) {
                    assertThat(client.call(CommandType.TRIM, 0, 4096, length).error())
                            .isEqualTo(22);
                    assertThat(client.call(CommandType.WRITE_ZEROES, 0, 4096, length)
                                    .error())
                            .isEqualTo(28);
                    assertThat(client.call(CommandType.BLOCK_STATUS, 0, 4096, length)
                                    .error())
                            .isEqualTo(22);
                    assertThat(client.call(CommandType.READ, 0, 4096, length).error())
                            .isEqualTo(75);
                }
            }
            try (StoredFile file = fixture.volume.open("/vm/disk")) {
                assertThat(file.size()).isEqualTo(size);
            }
        }
    }

    @Test
    void anOversizedWriteIsDrainedAndRefused() throws IOException {
        try (TestClient client = fixture.open(Mode.STRUCTURED)) {
            int length = (64 << 20) + 1;
            client.request(CommandType.WRITE, 0, 3, 0, length);
            client.out.write(new byte[length]);
            client.out.flush();
            Chunk chunk = client.receive(0);
            assertThat(chunk.error()).isEqualTo(22);
            assertThat(chunk.cookie()).isEqualTo(3);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @Test
    void anOversizedExtendedPayloadEndsTheConnection() throws IOException {
        for (long length : new long[] {(64 << 20) + 1, 1L << 40, -1}) {
            try (TestClient client = fixture.open(Mode.EXTENDED)) {
                client.request(CommandType.WRITE, Wire.FLAG_PAYLOAD_LEN, 3, 0, length);
                client.expectEnd();
            }
        }
    }

    @Test
    void anUnexpectedExtendedPayloadIsDrainedAndRefused() throws IOException {
        try (TestClient client = fixture.open(Mode.EXTENDED)) {
            client.request(CommandType.TRIM, Wire.FLAG_PAYLOAD_LEN, 3, 0, 70_000);
            client.out.write(new byte[70_000]);
            client.out.flush();
            assertThat(client.receive(0).error()).isEqualTo(22);
            client.request(CommandType.WRITE, 0, 4, 0, 512);
            assertThat(client.receive(0).error()).isEqualTo(22);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void anOversizedReadIsRefused(Mode mode) throws IOException {
        try (ServerFixture large = new ServerFixture(directory, NbdOptions.defaults(), 1L << 40);
                TestClient client = large.open(mode)) {
            int error = mode == Mode.SIMPLE ? 22 : 75;
            assertThat(client.call(CommandType.READ, 0, 0, (64 << 20) + 1).error())
                    .isEqualTo(error);
            assertThat(client.call(CommandType.READ, 0, 0, 0xffffffffL).error()).isEqualTo(error);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void servesTheLargestPayload(Mode mode) throws IOException {
        try (ServerFixture large = new ServerFixture(directory, NbdOptions.defaults(), 256L << 20);
                TestClient client = large.open(mode)) {
            byte[] data = new byte[64 << 20];
            new Random(1).nextBytes(data);
            assertThat(client.write(0, 4096, data)).isZero();
            assertThat(client.read(0, 4096, data.length)).isEqualTo(data);
        }
    }

    /** CVE-2025-47711 and CVE-2025-47712: however many extents there are, a reply is bounded and makes progress. */
    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"STRUCTURED", "EXTENDED"})
    void blockStatusOfAFragmentedFileIsBounded(Mode mode) throws IOException {
        int blocks = 20_000;
        try (ServerFixture large = new ServerFixture(directory, NbdOptions.defaults(), blocks * 4096L);
                var file = large.volume.open("/vm/disk");
                TestClient client = large.open(mode)) {
            for (int i = 0; i < blocks; i += 2) {
                file.write(i * 4096L, ByteBuffer.allocate(1));
            }
            Chunk chunk = client.call(CommandType.BLOCK_STATUS, 0, 0, blocks * 4096L);
            int header = mode == Mode.EXTENDED ? 8 : 4;
            int each = mode == Mode.EXTENDED ? 16 : 8;
            assertThat((chunk.payload().length - header) / each).isEqualTo(8192);
        }
    }

    @Test
    void blockStatusBeyond32BitsStaysWithinThem() throws IOException {
        try (ServerFixture large = new ServerFixture(directory, NbdOptions.defaults(), 1L << 40);
                TestClient client = large.open(Mode.STRUCTURED)) {
            ByteBuffer payload =
                    client.call(CommandType.BLOCK_STATUS, 0, 0, 0xffffffffL).buffer();
            assertThat(Integer.toUnsignedLong(payload.getInt(4))).isEqualTo(0xffffffffL);
            payload = client.call(CommandType.BLOCK_STATUS, Wire.FLAG_REQ_ONE, 0, 0xfffff000L)
                    .buffer();
            assertThat(Integer.toUnsignedLong(payload.getInt(4))).isEqualTo(0xfffff000L);
        }
    }

    @Test
    void unalignedRequestsAreServed() throws IOException {
        NbdOptions options = NbdOptions.defaults().withSectorSize(4096);
        try (ServerFixture coarse = new ServerFixture(directory, options);
                TestClient client = coarse.open(Mode.STRUCTURED)) {
            assertThat(client.write(0, 4095, new byte[] {1, 2, 3})).isZero();
            assertThat(client.read(0, 4094, 5)).containsExactly(0, 1, 2, 3, 0);
            assertThat(client.call(CommandType.WRITE_ZEROES, 0, 4096, 1).error())
                    .isZero();
            assertThat(client.read(0, 4094, 5)).containsExactly(0, 1, 0, 3, 0);
            assertThat(client.call(CommandType.TRIM, 0, 4095, 3).error()).isZero();
            assertThat(client.call(CommandType.BLOCK_STATUS, 0, 4095, 3).error())
                    .isZero();
        }
    }

    // Leaving and staying

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

    @Test
    void aClientThatDiesInAReplyLeavesNothingBehind() throws IOException {
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

    /** With no shared memory at all, every command is served in small steps. */
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

    // Shutdown

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
    void shutdownLetsRequestsEndAndRefusesNewOnes() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        try (ServerFixture server = new ServerFixture(directory, NbdOptions.defaults());
                TestClient client = server.open(Mode.STRUCTURED)) {
            server.watched.hook = (operation, offset, length, flags) -> {
                if (operation.equals("read") && flags.contains(ReadFlag.NOWAIT)) {
                    throw new HoldfastException(ErrorCode.WOULD_BLOCK, "not in memory");
                }
                if (operation.equals("read") && offset == 8192) {
                    running.countDown();
                    await(gate);
                }
            };
            client.request(CommandType.READ, 0, 1, 8192, 4096);
            running.await();
            Thread stopper = Thread.ofPlatform().start(() -> server.server.stop(Duration.ofMinutes(2)));
            Chunk chunk;
            do {
                client.sendWrite(0, 2, 0, new byte[512]);
                chunk = client.receive(0);
                assertThat(chunk.cookie()).isEqualTo(2);
            } while (chunk.error() == 0);
            assertThat(chunk.error()).isEqualTo(108);
            gate.countDown();
            assertThat(client.receive(0).cookie()).isEqualTo(1);
            client.expectEnd();
            stopper.join();
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

    private static void await(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
