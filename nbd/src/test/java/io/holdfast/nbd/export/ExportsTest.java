package io.holdfast.nbd.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.nbd.TestVolumes;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExportsTest {
    private final Volume volume = TestVolumes.open();
    private final Exports exports = new Exports(volume, false, 1);

    @AfterEach
    void close() throws IOException {
        volume.close();
    }

    @Test
    void anEmptyVolumeHasNoExport() throws Exception {
        assertThat(names(exports)).isEmpty();
        assertThatThrownBy(() -> exports.open(null, ""))
                .isInstanceOfSatisfying(
                        ExportException.class, e -> assertThat(e.reply()).isEqualTo(OptionReply.ERR_UNKNOWN))
                .hasMessageContaining("has no file");
    }

    @Test
    void givesUpListingAVolumeOfVeryManyNames() throws Exception {
        // More than a page of a listing.
        int entriesMax = 300;
        for (int i = 0; i < entriesMax; i++) {
            volume.create("/" + i, CreateOptions.file()).close();
        }
        Exports few = new Exports(volume, false, 1, entriesMax);
        assertThat(names(few)).hasSize(entriesMax);
        volume.create("/more", CreateOptions.file()).close();
        assertThatThrownBy(() -> names(few))
                .isInstanceOfSatisfying(
                        ExportException.class, e -> assertThat(e.reply()).isEqualTo(OptionReply.ERR_TOO_BIG))
                .hasMessageContaining("300");
    }

    private static List<String> names(Exports exports) throws Exception {
        List<String> names = new ArrayList<>();
        exports.list(null, names::add);
        return names;
    }

    /** Clients keep sizes as signed numbers. None could use such a file, so it is no export. */
    @Test
    void aFileThatNoClientTakesIsNoExport() throws Exception {
        volume.create("/huge", CreateOptions.file().withSize(Long.MIN_VALUE)).close();
        assertThatThrownBy(() -> exports.open(null, "huge"))
                .isInstanceOfSatisfying(
                        ExportException.class, e -> assertThat(e.reply()).isEqualTo(OptionReply.ERR_UNKNOWN))
                .hasMessageContaining("9223372036854775808 bytes");
        volume.create("/large", CreateOptions.file().withSize(Long.MAX_VALUE)).close();
        assertThat(names(exports)).containsExactly("large");
        assertThat(exports.whyNot("huge")).isPresent();
        assertThat(exports.whyNot("large")).isEmpty();
        exports.open(null, "large").file().close();
    }

    /** The same paths that the commands refuse. */
    @ParameterizedTest
    @ValueSource(strings = {".", "..", "/", "//", "./a", "a/", "/a/", "d/../a", "/../a", "d/./b", "d/", "a/.", "a\0b"})
    void namesAreCheckedAsPathsAre(String name) throws Exception {
        volume.mkdir("/d", CreateOptions.directory());
        volume.create("/d/b", CreateOptions.file().withSize(4096)).close();
        volume.create("/a", CreateOptions.file().withSize(4096)).close();
        assertThatThrownBy(() -> exports.open(null, name))
                .isInstanceOfSatisfying(
                        ExportException.class, e -> assertThat(e.reply()).isEqualTo(OptionReply.ERR_UNKNOWN));
        for (String good : List.of("d/b", "/d/b", "//d//b")) {
            Export export = exports.open(null, good);
            assertThat(export.name()).isEqualTo("d/b");
            export.file().close();
        }
    }

    @Test
    void announcesReadOnly() throws Exception {
        volume.create("/a", CreateOptions.file().withSize(4096)).close();
        Export export = new Exports(volume, true, 1).open(null, "a");
        assertThat(export.transmissionFlags() & Wire.TRANSMIT_READ_ONLY).isNotZero();
        export.file().close();
    }
}
