package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Answer;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.volume.CreateOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Paths that are longer than the 4096 bytes which the protocol allows for a name. */
class LongPathTest {
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

    /** Makes a file whose export name has this many bytes; returns the name. */
    private String create(int bytes, String letter) throws IOException {
        int letterBytes = letter.getBytes(StandardCharsets.UTF_8).length;
        StringBuilder path = new StringBuilder();
        int left = bytes;
        while (left > 255) {
            int part = Math.min(251, left - 2);
            String name = letter.repeat(part / letterBytes) + "x".repeat(part % letterBytes);
            path.append('/').append(name);
            if (fixture.volume.list(parent(path), "", 256).stream()
                    .noneMatch(e -> e.name().equals(name))) {
                fixture.volume.mkdir(path.toString(), CreateOptions.directory());
            }
            left -= part + 1;
        }
        path.append('/').append("f".repeat(left));
        fixture.volume
                .create(path.toString(), CreateOptions.file().withSize(1 << 20))
                .close();
        return path.substring(1);
    }

    private static String parent(StringBuilder path) {
        int end = path.lastIndexOf("/");
        return end == 0 ? "/" : path.substring(0, end);
    }

    @Test
    void areLeftOutOfTheList() throws IOException {
        String longest = create(4096, "d");
        String longestWide = create(4096, "ä");
        for (int bytes : new int[] {4097, 4352, 8000, 16383}) {
            create(bytes, "d");
            create(bytes, "ä");
        }
        try (TestClient client = fixture.greet()) {
            for (int i = 0; i < 2; i++) {
                assertThat(client.ask(OptionType.LIST, new byte[0]).strings(OptionReply.SERVER.code()))
                        .containsExactlyInAnyOrder("vm/disk", longest, longestWide);
            }
            assertThat(client.go(longestWide, Mode.SIMPLE).size()).isEqualTo(1 << 20);
            assertThat(client.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
        }
    }

    @Test
    void cannotBeAskedFor() throws IOException {
        String name = create(4097, "d");
        try (TestClient client = fixture.greet()) {
            for (OptionType option : new OptionType[] {OptionType.INFO, OptionType.GO}) {
                Answer answer = client.ask(option, TestClient.infoRequest(name, 1, 3));
                assertThat(answer.error()).isEqualTo(OptionReply.ERR_INVALID);
                assertThat(answer.message()).contains("4097 bytes is too long");
            }
            assertThat(client.go("vm/disk", Mode.SIMPLE).size()).isEqualTo(ServerFixture.SIZE);
        }
        assertThat(fixture.server.uris("/" + name)).isEmpty();
        assertThat(fixture.server.uris("/vm/disk")).hasSize(1);
    }

    @Test
    void theOnlyFileIsServedByTheEmptyNameAndItsOwnIsNotSent() throws IOException {
        fixture.volume.remove("/vm/disk");
        create(16383, "d");
        try (TestClient client = fixture.greet()) {
            Answer answer = client.ask(OptionType.INFO, TestClient.infoRequest("", 1, 3));
            assertThat(answer.error()).isNull();
            assertThat(answer.info().size()).isEqualTo(1 << 20);
            assertThat(answer.messages()).allMatch(m -> m.data().length <= 14);
            assertThat(client.negotiate("", Mode.EXTENDED).size()).isEqualTo(1 << 20);
            assertThat(client.call(CommandType.BLOCK_STATUS, 0, 0, 4096).error())
                    .isZero();
        }
    }

    /** An error message is cut before a character, never within one. */
    @Test
    void messagesAreWholeCharacters() throws IOException {
        try (TestClient client = fixture.greet()) {
            for (int i = 0; i < 3; i++) {
                String name = "x".repeat(i) + "€".repeat(1000);
                byte[] message = client.ask(OptionType.GO, TestClient.infoRequest(name))
                        .messages()
                        .getLast()
                        .data();
                assertThat(message.length).isBetween(1000, 1024);
                assertThat(new String(message, StandardCharsets.UTF_8)).doesNotContain("\uFFFD");
            }
        }
    }
}
