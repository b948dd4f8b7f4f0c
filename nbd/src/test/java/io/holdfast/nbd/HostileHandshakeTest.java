package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server must survive before an export is chosen. */
class HostileHandshakeTest extends HostileTest {
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
}
