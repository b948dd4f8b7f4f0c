package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** packaging/holdfast.magic lets file(1) know a volume. */
class MagicTest {
    private static final int SLOT_BYTES = 4096;

    @TempDir
    private Path folder;

    private Path magic;

    @BeforeEach
    void find() throws IOException {
        Program.needs("file");
        magic = Path.of("..", "packaging", "holdfast.magic").toRealPath();
    }

    private String file(Path of) throws IOException {
        return Program.run(folder, "file", "-m", magic.toString(), "-b", of.toString())
                .strip();
    }

    private String formatted(String... options) throws IOException {
        String line = "format v.holdfast --size 64M --json " + String.join(" ", options);
        return JavaProcess.holdfast(folder, line).out().replaceAll("(?s).*\"uuid\":\"([^\"]*)\".*", "$1");
    }

    @Test
    void aVolumeIsKnownByWhatItSaysOfItself() throws IOException {
        String uuid = formatted("--label", "'two words'");
        assertThat(uuid).hasSize(36);
        Path volume = folder.resolve("v.holdfast");
        String known = "Holdfast volume, version 3, CRC-32C, UUID " + uuid + ", label \"two words\"";
        assertThat(file(volume)).isEqualTo(known);
        try (RandomAccessFile device = new RandomAccessFile(volume.toFile(), "rw")) {
            device.write(new byte[SLOT_BYTES]);
        }
        assertThat(file(volume)).isEqualTo(known);
    }

    @Test
    void aVolumeWithoutALabelHasNone() throws IOException {
        String uuid = formatted("--checksum", "xxh3");
        assertThat(file(folder.resolve("v.holdfast"))).isEqualTo("Holdfast volume, version 3, XXH3-64, UUID " + uuid);
    }

    @Test
    void anotherFileIsNone() throws IOException {
        Path other = Files.writeString(folder.resolve("other"), "hold fast");
        assertThat(file(other)).doesNotContain("Holdfast");
    }
}
