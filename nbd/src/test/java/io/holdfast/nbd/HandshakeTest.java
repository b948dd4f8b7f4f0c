package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Answer;
import io.holdfast.nbd.TestClient.Info;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.CreateOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every option of the handshake, used rightly. */
class HandshakeTest {
    private static final byte[] NOTHING = {};

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

    @Test
    void listsAllRegularFilesOfAllDirectories() throws IOException {
        fixture.volume.mkdir("/vm/old", CreateOptions.directory());
        fixture.volume.create("/vm/old/ä", CreateOptions.file()).close();
        for (int i = 0; i < 600; i++) {
            fixture.volume
                    .create("/many%03d".formatted(i), CreateOptions.file())
                    .close();
        }
        try (TestClient client = fixture.greet()) {
            assertThat(client.ask(OptionType.LIST, NOTHING).strings(OptionReply.SERVER.code()))
                    .hasSize(602)
                    .contains("vm/disk", "vm/old/ä", "many000", "many599")
                    .doesNotContain("vm", "vm/old")
                    .doesNotHaveDuplicates();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vm/disk", "/vm/disk", "//vm/disk", ""})
    void findsTheExportByPathOrAsTheOnlyOne(String name) throws IOException {
        try (TestClient client = fixture.greet()) {
            Answer answer = client.ask(OptionType.INFO, TestClient.infoRequest(name, 1, 3));
            assertThat(answer.error()).isNull();
            assertThat(answer.info().size()).isEqualTo(ServerFixture.SIZE);
            assertThat(answer.messages())
                    .anyMatch(m -> new String(m.data(), StandardCharsets.UTF_8).equals("\0\1vm/disk"));
        }
    }

    @Test
    void thereIsNoDefaultExportAmongSeveralFiles() throws IOException {
        fixture.volume.create("/other", CreateOptions.file()).close();
        try (TestClient client = fixture.greet()) {
            Answer answer = client.ask(OptionType.GO, TestClient.infoRequest(""));
            assertThat(answer.error()).isEqualTo(OptionReply.ERR_UNKNOWN);
            assertThat(answer.message()).contains("several files");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nothing", "vm", "vm/disk/x"})
    void saysWhichExportIsUnknown(String name) throws IOException {
        try (TestClient client = fixture.greet()) {
            Answer answer = client.ask(OptionType.GO, TestClient.infoRequest(name));
            assertThat(answer.error()).isEqualTo(OptionReply.ERR_UNKNOWN);
            assertThat(answer.message()).contains(name);
            assertThat(client.go("vm/disk", Mode.SIMPLE).size()).isEqualTo(ServerFixture.SIZE);
        }
    }

    @Test
    void announcesWhatItCan() throws IOException {
        try (TestClient client = fixture.greet()) {
            Info simple = client.ask(OptionType.INFO, TestClient.infoRequest("vm/disk", 3))
                    .info();
            assertThat(simple).isEqualTo(new Info(ServerFixture.SIZE, 0b1101_0110_1101, 1, 4096, 64 << 20));
            Info go = client.negotiate("vm/disk", Mode.EXTENDED);
            assertThat(go.flags()).isEqualTo(0b1_1101_1110_1101);
        }
    }

    @Test
    void sendsBlockSizesOnlyToThoseWhoAsk() throws IOException {
        try (TestClient client = fixture.greet()) {
            assertThat(client.ask(OptionType.INFO, TestClient.infoRequest("vm/disk"))
                            .info()
                            .minimum())
                    .isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Wire.HANDSHAKE_FIXED_NEWSTYLE, 3, 0})
    void exportNameEntersTransmission(int flags) throws IOException {
        try (TestClient client = TestClient.connect(fixture.address)) {
            client.greeting(flags);
            client.sendOption(1, 7, "vm/disk".getBytes(StandardCharsets.UTF_8));
            assertThat(client.in.readLong()).isEqualTo(ServerFixture.SIZE);
            assertThat(client.in.readUnsignedShort()).isEqualTo(0b1101_0110_1101);
            if ((flags & Wire.HANDSHAKE_NO_ZEROES) == 0) {
                assertThat(client.in.readNBytes(124)).containsOnly(0);
            }
            assertThat(client.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
        }
    }

    /** Some clients do not set the flag for fixed newstyle, and send options all the same. */
    @Test
    void answersOptionsOfClientsThatDoNotClaimFixedNewstyle() throws IOException {
        try (TestClient client = TestClient.connect(fixture.address)) {
            client.greeting(0);
            assertThat(client.ask(OptionType.LIST, NOTHING).strings(OptionReply.SERVER.code()))
                    .containsExactly("vm/disk");
            assertThat(client.go("vm/disk", Mode.SIMPLE).size()).isEqualTo(ServerFixture.SIZE);
            assertThat(client.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
        }
    }

    @Test
    void abortIsAcknowledged() throws IOException {
        try (TestClient client = fixture.greet()) {
            assertThat(client.ask(OptionType.ABORT, new byte[] {1, 2, 3}).error())
                    .isNull();
            client.expectEnd();
        }
    }

    @Test
    void startTlsWithoutCertificatesIsRefusedByPolicy() throws IOException {
        try (TestClient client = fixture.greet()) {
            assertThat(client.ask(OptionType.STARTTLS, NOTHING).error()).isEqualTo(OptionReply.ERR_POLICY);
        }
    }

    @Test
    void extendedHeadersTakePrecedence() throws IOException {
        try (TestClient client = fixture.greet()) {
            assertThat(client.ask(OptionType.STRUCTURED_REPLY, NOTHING).error()).isNull();
            assertThat(client.ask(OptionType.EXTENDED_HEADERS, NOTHING).error()).isNull();
            assertThat(client.ask(OptionType.STRUCTURED_REPLY, NOTHING).error())
                    .isEqualTo(OptionReply.ERR_EXT_HEADER_REQD);
            client.sendOption(1, 7, "vm/disk".getBytes(StandardCharsets.UTF_8));
            client.expectEnd();
        }
    }

    @Test
    void listsMetadataContexts() throws IOException {
        try (TestClient client = fixture.greet()) {
            assertThat(client.ask(OptionType.LIST_META_CONTEXT, TestClient.metaQuery("vm/disk"))
                            .error())
                    .isEqualTo(OptionReply.ERR_INVALID);
            client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
            assertThat(contexts(client, OptionType.LIST_META_CONTEXT)).containsExactly("base:allocation");
            assertThat(contexts(client, OptionType.LIST_META_CONTEXT, "base:")).containsExactly("base:allocation");
            assertThat(contexts(client, OptionType.LIST_META_CONTEXT, "qemu:", "base:x"))
                    .isEmpty();
            assertThat(contexts(client, OptionType.SET_META_CONTEXT)).isEmpty();
            assertThat(contexts(client, OptionType.SET_META_CONTEXT, "base:")).isEmpty();
            assertThat(contexts(client, OptionType.SET_META_CONTEXT, "x-a:b", "base:allocation", "base:allocation"))
                    .containsExactly("base:allocation");
        }
    }

    @Test
    void aFailedSelectionForgetsTheEarlierOne() throws IOException {
        try (TestClient client = fixture.greet()) {
            client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
            contexts(client, OptionType.SET_META_CONTEXT, "base:allocation");
            assertThat(client.ask(OptionType.SET_META_CONTEXT, TestClient.metaQuery("nothing", "base:allocation"))
                            .error())
                    .isEqualTo(OptionReply.ERR_UNKNOWN);
            client.go("/vm/disk", Mode.STRUCTURED);
            assertThat(client.call(CommandType.BLOCK_STATUS, 0, 0, 4096).error())
                    .isEqualTo(22);
        }
    }

    @Test
    void aSelectionHoldsForItsExportUnderAnyOfItsNames() throws IOException {
        fixture.volume.create("/other", CreateOptions.file().withSize(4096)).close();
        try (TestClient client = fixture.greet()) {
            client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
            contexts(client, OptionType.SET_META_CONTEXT, "base:allocation");
            client.go("/vm/disk", Mode.STRUCTURED);
            assertThat(client.call(CommandType.BLOCK_STATUS, 0, 0, 4096).error())
                    .isZero();
        }
        try (TestClient client = fixture.greet()) {
            client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
            contexts(client, OptionType.SET_META_CONTEXT, "base:allocation");
            client.go("other", Mode.STRUCTURED);
            assertThat(client.call(CommandType.BLOCK_STATUS, 0, 0, 4096).error())
                    .isEqualTo(22);
        }
    }

    @Test
    void anExportOfMoreThanHalfTheNumbersIsRefused() throws IOException {
        fixture.volume.create("/huge", CreateOptions.file().withSize(1L << 63)).close();
        fixture.volume
                .create("/large", CreateOptions.file().withSize(Long.MAX_VALUE))
                .close();
        try (TestClient client = fixture.greet()) {
            Answer answer = client.ask(OptionType.GO, TestClient.infoRequest("huge"));
            assertThat(answer.error()).isEqualTo(OptionReply.ERR_UNKNOWN);
            assertThat(answer.message()).contains("9223372036854775808");
            assertThat(client.ask(OptionType.INFO, TestClient.infoRequest("large"))
                            .info()
                            .size())
                    .isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void oneConnectionTooManyIsToldSo() throws IOException {
        NbdOptions options = NbdOptions.defaults().withConnectionsMax(1).withHandshakeTimeout(Duration.ofMinutes(5));
        try (ServerFixture small = new ServerFixture(directory, options);
                TestClient first = small.open(Mode.SIMPLE);
                TestClient second = small.greet()) {
            Answer answer = second.ask(OptionType.GO, TestClient.infoRequest("vm/disk"));
            assertThat(answer.error()).isEqualTo(OptionReply.ERR_POLICY);
            assertThat(answer.message()).contains("maximum of 1 connections");
            assertThat(first.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
            assertThat(small.server.counters().connectionsRefused()).isEqualTo(1);
        }
    }

    private static java.util.List<String> contexts(TestClient client, OptionType option, String... queries)
            throws IOException {
        Answer answer = client.ask(option, TestClient.metaQuery("vm/disk", queries));
        assertThat(answer.error()).isNull();
        assertThat(answer.messages())
                .filteredOn(m -> m.type() == 4)
                .allMatch(m -> ByteBuffer.wrap(m.data()).getInt() == (option == OptionType.SET_META_CONTEXT ? 1 : 0));
        return answer.strings(OptionReply.META_CONTEXT.code());
    }

    /** A name in an error message must not control the terminal of the person who reads it. */
    @Test
    void errorsCarryNoControlCharacters() throws IOException {
        try (TestClient client = fixture.greet()) {
            Answer unknown = client.ask(OptionType.GO, TestClient.infoRequest("no\u001b[2J\nname"));
            assertThat(unknown.error()).isEqualTo(OptionReply.ERR_UNKNOWN);
            assertThat(unknown.message()).contains("no\\x1b[2J\\x0aname").doesNotContainPattern("\\p{Cntrl}");
            Answer nul = client.ask(OptionType.GO, TestClient.infoRequest("a\0b"));
            assertThat(nul.error()).isEqualTo(OptionReply.ERR_INVALID);
            assertThat(nul.message()).contains("'a\\x00b' has a NUL");
            Answer parent = client.ask(OptionType.GO, TestClient.infoRequest("vm/../vm/disk"));
            assertThat(parent.error()).isEqualTo(OptionReply.ERR_UNKNOWN);
            assertThat(parent.message()).contains("has the name '..'");
            assertThat(client.ask(OptionType.GO, TestClient.infoRequest("vm/disk/"))
                            .error())
                    .isEqualTo(OptionReply.ERR_UNKNOWN);
        }
    }
}
