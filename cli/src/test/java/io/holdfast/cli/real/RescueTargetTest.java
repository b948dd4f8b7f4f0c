package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code holdfast rescue} into file systems that do not take everything. */
@Tag("slow")
@Timeout(120)
class RescueTargetTest {
    @TempDir
    private Path folder;

    @Test
    void whatTheTargetCannotNameIsInLostAndFound() throws IOException {
        Program.needs("mkfs.ntfs", "ntfs-3g");
        Path host = Files.createDirectory(folder.resolve("host"));
        Program.run(folder, "truncate", "-s", "40M", "image");
        Program.run(folder, "mkfs.ntfs", "-q", "-F", "image");
        if (Program.end(folder, "ntfs-3g", "-o", "windows_names", "image", "host")
                        .status()
                != 0) {
            Program.skip("NTFS cannot be mounted here");
        }
        try (RealServer volume = new RealServer(folder, "64M")) {
            byte[] content = "what is in the files".getBytes(StandardCharsets.US_ASCII);
            Files.write(folder.resolve("one"), content);
            volume.run("import", folder.resolve("one").toString(), "VOLUME", "/12:30");
            volume.run("import", folder.resolve("one").toString(), "VOLUME", "/plain");
            long inode = volume.run("stat", "VOLUME", "/12:30").path("inode").asLong();
            Path target = host.resolve("saved");

            JsonNode result = volume.run("rescue", "VOLUME", target.toString());

            assertThat(result.path("files").asLong()).isEqualTo(2);
            assertThat(result.path("nameless").asLong()).isEqualTo(1);
            assertThat(target.resolve("plain")).hasBinaryContent(content);
            Path other = target.resolve("lost+found/inode-" + inode);
            assertThat(other).hasBinaryContent(content);
            assertThat(Files.readString(target.resolve("LOST.txt")))
                    .contains("/12:30: its copy is lost+found/inode-" + inode);
        } finally {
            Program.run(folder, "umount", "host");
        }
    }
}
