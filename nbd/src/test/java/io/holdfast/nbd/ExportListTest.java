package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.nbd.NbdExport.Limits;
import io.holdfast.nbd.TestClient.Answer;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.InUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients find when the exports are a list. */
@Timeout(60)
class ExportListTest {
    @TempDir
    Path directory;

    private static Answer ask(TestClient client, OptionType option, String name) throws IOException {
        return client.ask(
                option,
                option == OptionType.LIST_META_CONTEXT || option == OptionType.SET_META_CONTEXT
                        ? TestClient.metaQuery(name, "base:allocation")
                        : TestClient.infoRequest(name, 3));
    }

    @ParameterizedTest
    @EnumSource(
            value = OptionType.class,
            names = {"INFO", "GO", "LIST_META_CONTEXT", "SET_META_CONTEXT"})
    void aFileThatIsNoExportIsAnsweredAsOneThatDoesNotExist(OptionType option) throws IOException {
        try (AccessFixture fixture = new AccessFixture(directory, List.of(NbdExport.of("/a", "disk")));
                TestClient client = TestClient.greet(fixture.address)) {
            client.ask(OptionType.STRUCTURED_REPLY, new byte[0]);
            assertThat(AccessFixture.list(client)).containsExactly("disk");
            Answer there = ask(client, option, "b");
            Answer nowhere = ask(client, option, "c");
            assertThat(there.error()).isEqualTo(OptionReply.ERR_UNKNOWN).isEqualTo(nowhere.error());
            assertThat(there.message().replace("'b'", "'c'")).isEqualTo(nowhere.message());
            // Nor does the path of an export lead to it.
            assertThat(ask(client, option, "a").error()).isEqualTo(OptionReply.ERR_UNKNOWN);
            assertThat(ask(client, option, "../a").error()).isEqualTo(OptionReply.ERR_UNKNOWN);
            assertThat(ask(client, option, "disk").error()).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"disk", "/disk", ""})
    void anExportHasItsNameAndTheOnlyOneAlsoNone(String name) throws IOException {
        try (AccessFixture fixture = new AccessFixture(directory, List.of(NbdExport.of("/a", "disk")));
                TestClient client = fixture.open(name)) {
            assertThat(client.write(0, 0, new byte[4096])).isZero();
        }
    }

    @Test
    void ofSeveralExportsNoneIsTheDefault() throws IOException {
        try (AccessFixture fixture =
                        new AccessFixture(directory, List.of(AccessFixture.export("a"), AccessFixture.export("b")));
                TestClient client = TestClient.greet(fixture.address)) {
            assertThat(ask(client, OptionType.GO, "").error()).isEqualTo(OptionReply.ERR_UNKNOWN);
        }
    }

    @Test
    void oneFileHasTwoExportsOneOfThemReadOnly() throws IOException {
        List<NbdExport> exports = List.of(AccessFixture.export("a"), AccessFixture.readOnly("/a", "backup"));
        try (AccessFixture fixture = new AccessFixture(directory, exports);
                TestClient guest = fixture.open("a");
                TestClient backup = fixture.open("backup")) {
            byte[] data = new byte[4096];
            data[7] = 42;
            assertThat(guest.write(0, 0, data)).isZero();
            assertThat(backup.read(0, 0, 4096)).isEqualTo(data);
            assertThat(backup.write(0, 0, data)).isEqualTo(1);
            assertThat(fixture.server.clients())
                    .extracting(NbdClientStatus::export, NbdClientStatus::path, NbdClientStatus::readOnly)
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple("a", "/a", false),
                            org.assertj.core.groups.Tuple.tuple("backup", "/a", true));
        }
    }

    @Test
    void anExportWithItsOwnSocketIsThereAndNowhereElse() throws IOException {
        Path own = directory.resolve("own");
        try (AccessFixture fixture =
                new AccessFixture(directory, List.of(AccessFixture.at("a", own), AccessFixture.export("b")))) {
            try (TestClient common = TestClient.greet(fixture.address);
                    TestClient at = TestClient.greet(new NbdAddress.Unix(own))) {
                assertThat(AccessFixture.list(common)).containsExactly("b");
                assertThat(ask(common, OptionType.INFO, "a").error()).isEqualTo(OptionReply.ERR_UNKNOWN);
                assertThat(AccessFixture.list(at)).containsExactly("a");
                assertThat(ask(at, OptionType.INFO, "b").error()).isEqualTo(OptionReply.ERR_UNKNOWN);
                assertThat(ask(at, OptionType.GO, "").error()).isNull();
            }
            assertThat(fixture.server.uris(AccessFixture.at("a", own))).containsExactly("nbd+unix:///a?socket=" + own);
        }
        assertThat(own).doesNotExist();
    }

    @Test
    void aServerOfOwnSocketsAloneNeedsNoOtherAddress() throws IOException {
        Path own = directory.resolve("own");
        try (var volume = TestVolumes.open()) {
            volume.create("/a", CreateOptions.file().withSize(4096)).close();
            NbdOptions options =
                    NbdOptions.defaults().withAccess(NbdAccess.ALL.withExports(List.of(AccessFixture.at("a", own))));
            try (NbdServer server = NbdServer.start(volume, List.of(), options);
                    TestClient client = TestClient.open(new NbdAddress.Unix(own), "", TestClient.Mode.SIMPLE)) {
                assertThat(server.addresses()).containsExactly(new NbdAddress.Unix(own));
                assertThat(client.write(0, 0, new byte[512])).isZero();
                // A second server must not take the socket away.
                assertThatThrownBy(() -> NbdServer.start(volume, List.of(), options))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("another server listens");
            }
            // As when the volume is opened again: the server gets the addresses that it had.
            try (NbdServer again = NbdServer.start(volume, List.of(new NbdAddress.Unix(own)), options);
                    TestClient client = TestClient.greet(new NbdAddress.Unix(own))) {
                assertThat(again.addresses()).containsExactly(new NbdAddress.Unix(own));
                assertThat(AccessFixture.list(client)).containsExactly("a");
            }
        }
    }

    /** Neither the path of the file nor who else has it is anything for a guest. */
    @Test
    void aFileThatCannotBeOpenedIsNotNamed() throws IOException {
        List<NbdExport> exports = List.of(NbdExport.of("/a", "disk"), NbdExport.of("/secret/x", "later"));
        try (AccessFixture fixture = new AccessFixture(directory, exports);
                LogWatch log = new LogWatch();
                TestClient client = TestClient.greet(fixture.address)) {
            Answer later = ask(client, OptionType.GO, "later");
            assertThat(later.message()).isEqualTo("cannot open export 'later': it has no file at the moment");
            assertThat(log.take()).singleElement().asString().contains("/secret");
            try (var _ = fixture.volume.claim(List.of("/a"), InUse.REFUSE)) {
                Answer used = ask(client, OptionType.GO, "disk");
                assertThat(used.message())
                        .isEqualTo("cannot open export 'disk': it is being changed; try again when that is done");
            }
            assertThat(log.take()).singleElement().asString().contains("/a (inode 2) is being changed by");
        }
    }

    @Test
    void aServerInThePlaceOfAnotherGoesOnWithItsNumbers() throws IOException {
        try (AccessFixture fixture = new AccessFixture(directory, List.of())) {
            fixture.open("a").close();
            NbdAddress at = new NbdAddress.Unix(directory.resolve("next"));
            long last = fixture.server.lastNumber();
            assertThat(last).isEqualTo(1);
            try (NbdServer next = NbdServer.start(
                            fixture.volume, List.of(at), ListeningSockets.NONE, NbdOptions.defaults(), last);
                    TestClient _ = TestClient.open(at, "a", TestClient.Mode.SIMPLE)) {
                assertThat(next.clients()).extracting(NbdClientStatus::id).containsExactly(2L);
            }
        }
    }

    @Test
    void exportsOfOneNameHaveNumbersOfTheirOwn() throws IOException {
        List<NbdExport> exports = List.of(
                named("/a", directory.resolve("one")), named("/b", directory.resolve("two")), NbdExport.of("/b", "b"));
        try (AccessFixture fixture = new AccessFixture(directory, exports);
                TestClient one = TestClient.open(unix("one"), "disk", TestClient.Mode.SIMPLE);
                TestClient two = TestClient.open(unix("two"), "disk", TestClient.Mode.SIMPLE);
                TestClient three = fixture.open("b")) {
            for (TestClient client : List.of(one, two, three)) {
                assertThat(client.read(0, 0, 512)).hasSize(512);
            }
            assertThat(fixture.server.metrics().exports())
                    .extracting(NbdMetrics.Export::name)
                    .containsExactlyInAnyOrder("a (disk)", "b (disk)", "b");
        }
    }

    private NbdAddress unix(String name) {
        return new NbdAddress.Unix(directory.resolve(name));
    }

    private static NbdExport named(String path, Path socket) {
        return new NbdExport(
                path, "disk", false, false, Limits.NONE, Optional.of(NbdExport.OwnSocket.at(socket)), List.of());
    }

    @Test
    void theListMayBeSwitchedOff() throws IOException {
        try (AccessFixture fixture = new AccessFixture(directory, NbdAccess.ALL.withLists(false));
                TestClient client = TestClient.greet(fixture.address)) {
            assertThat(client.ask(OptionType.LIST, new byte[0]).error()).isEqualTo(OptionReply.ERR_POLICY);
            assertThat(ask(client, OptionType.GO, "a").error()).isNull();
        }
    }

    @Test
    void socketsHaveTheirModeFromTheFirstMoment() throws IOException {
        Path own = directory.resolve("own");
        PosixFileAttributes folder = Files.readAttributes(directory, PosixFileAttributes.class);
        SocketMode mode = new SocketMode(Optional.of(folder.group().getName()), SocketMode.permissions("0660"));
        NbdAccess access = NbdAccess.ALL
                .withExports(List.of(AccessFixture.at("a", own), AccessFixture.export("b")))
                .withSockets(mode);
        try (AccessFixture fixture = new AccessFixture(directory, access)) {
            for (Path socket : List.of(own, ((NbdAddress.Unix) fixture.address).path())) {
                PosixFileAttributes found = Files.readAttributes(socket, PosixFileAttributes.class);
                assertThat(PosixFilePermissions.toString(found.permissions())).isEqualTo("rw-rw----");
                assertThat(found.group()).isEqualTo(folder.group());
            }
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aSocketMayHaveAModeOfItsOwn() throws IOException {
        Path own = directory.resolve("own");
        NbdExport export = new NbdExport(
                "/a",
                "a",
                false,
                false,
                Limits.NONE,
                Optional.of(new NbdExport.OwnSocket(
                        new NbdAddress.Unix(own), Optional.empty(), Optional.of(SocketMode.permissions("0640")))),
                List.of());
        NbdAccess access = NbdAccess.ALL
                .withExports(List.of(export, AccessFixture.export("b")))
                .withSockets(new SocketMode(Optional.empty(), SocketMode.permissions("0666")));
        try (AccessFixture fixture = new AccessFixture(directory, access)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(own)))
                    .isEqualTo("rw-r-----");
            assertThat(PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(((NbdAddress.Unix) fixture.address).path())))
                    .isEqualTo("rw-rw-rw-");
        }
    }

    @Test
    void aGroupThatDoesNotExistIsFoundBeforeAnythingIsServed() {
        SocketMode mode = new SocketMode(Optional.of("no-such-group"), SocketMode.permissions("660"));
        NbdOptions options = NbdOptions.defaults().withAccess(NbdAccess.ALL.withSockets(mode));
        assertThatThrownBy(() -> NbdServer.check(
                        List.of(NbdAddress.parse("unix:" + directory.resolve("s"))), options, ListeningSockets.NONE))
                .hasMessageContaining("there is no group 'no-such-group'");
        assertThat(directory).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "66", "0888", "1660", "rw-rw----", "07777"})
    void aModeIsThreeOctalDigits(String mode) {
        assertThatThrownBy(() -> SocketMode.permissions(mode)).hasMessageContaining("three octal digits");
    }

    @Test
    void moreConnectionsThanAnExportMayHaveAreRefusedAndThePlaceComesFree() throws IOException {
        List<NbdExport> exports = List.of(AccessFixture.limited("a", new Limits(2, 0, 0)), AccessFixture.export("b"));
        try (AccessFixture fixture = new AccessFixture(directory, exports);
                TestClient one = fixture.open("a");
                TestClient late = TestClient.greet(fixture.address)) {
            try (TestClient _ = fixture.open("a")) {
                assertThat(ask(late, OptionType.INFO, "a").error()).isNull();
                Answer refused = ask(late, OptionType.GO, "a");
                assertThat(refused.error()).isEqualTo(OptionReply.ERR_POLICY);
                assertThat(refused.message()).contains("maximum of 2 connections");
                try (TestClient other = fixture.open("b")) {
                    assertThat(other.read(0, 0, 512)).hasSize(512);
                }
            }
            while (fixture.server.counters().connections() > 2) {
                Thread.onSpinWait();
            }
            assertThat(ask(late, OptionType.GO, "a").error()).isNull();
            assertThat(one.read(0, 0, 512)).hasSize(512);
        }
    }
}
