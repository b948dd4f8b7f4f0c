package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.check.VolumeFileDamage;
import io.holdfast.cli.peer.NbdClient;
import io.holdfast.cli.text.DamageAdvice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server logs the damage it finds: the path of the file, offset, block, and what is wrong. */
@Timeout(180)
class ServedDamageTest {
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 64;

    @TempDir
    Path folder;

    private RealServer server;

    @BeforeEach
    void start() throws IOException {
        server = new RealServer(folder, "64M");
        byte[] content = new byte[BLOCKS * BLOCK];
        for (int i = 0; i < BLOCKS; i++) {
            Arrays.fill(content, i * BLOCK, (i + 1) * BLOCK, (byte) (i + 1));
            byte[] mark = mark(i);
            System.arraycopy(mark, 0, content, i * BLOCK, mark.length);
        }
        Path image = folder.resolve("image");
        Files.write(image, content);
        server.run("mkdir", "VOLUME", "/vms");
        server.run("import", image.toString(), "VOLUME", "/vms/first");
        server.run("mv", "VOLUME", "/vms", "/disks");
        server.run("mv", "VOLUME", "/disks/first", "/disks/d");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static byte[] mark(int block) {
        return "holdfast test block %02d".formatted(block).getBytes(StandardCharsets.US_ASCII);
    }

    /** Changes a byte of a block of the file; returns the number of the block on the device. */
    private long damage(int block) throws IOException {
        try (RandomAccessFile volume = new RandomAccessFile(server.volume().toFile(), "rw")) {
            byte[] mark = mark(block);
            byte[] found = new byte[mark.length];
            for (long at = 0; at < volume.length(); at += BLOCK) {
                volume.seek(at);
                volume.readFully(found);
                if (Arrays.equals(found, mark)) {
                    volume.seek(at + 100);
                    volume.write(0);
                    volume.getFD().sync();
                    return at / BLOCK;
                }
            }
        }
        throw new AssertionError("block " + block + " is not on the device");
    }

    private String log() throws IOException {
        StringBuilder all = new StringBuilder();
        try (DirectoryStream<Path> logs = Files.newDirectoryStream(folder, "serve*.err")) {
            for (Path log : logs) {
                all.append(Files.readString(log));
            }
        }
        return all.toString();
    }

    private static void assertEio(NbdClient client, int block) {
        assertThatThrownBy(() -> client.read((long) block * BLOCK, ByteBuffer.allocate(BLOCK)))
                .hasMessageContaining("error 5");
    }

    @Test
    void whoeverReadsADamagedBlockTheServerLogsIt() throws IOException {
        long queued = damage(20);
        long serial = damage(40);
        server.start();
        try (NbdClient client = NbdClient.connect(server.socket(), "/disks/d")) {
            // The first reads of a connection go through a queue. Later ones do not, since this client waits for each
            // reply.
            assertEio(client, 20);
            for (int i = 0; i < 100; i++) {
                client.read((long) (i % 10) * BLOCK, ByteBuffer.allocate(BLOCK));
            }
            assertEio(client, 40);
        }
        String copy = folder.resolve("copy").toString();
        assertThatThrownBy(() -> server.run("export", "VOLUME", "/disks/d", copy))
                .hasMessageContaining("status 7");
        server.stop();
        assertThat(log().lines().filter(line -> line.contains(line(20, queued))))
                .isNotEmpty()
                .allMatch(line -> line.startsWith("{\"time\":\"") && line.contains("\"level\":\"error\""));
        assertThat(log()).contains(line(40, serial));
    }

    private static String line(int block, long at) {
        return "offset %d, length 4096 (block %d of ".formatted(block * BLOCK, at);
    }

    @Test
    void theLineNamesTheFileAndTheRateIsLimited() throws IOException {
        for (int block = 0; block < BLOCKS; block++) {
            damage(block);
        }
        server.start();
        try (NbdClient client = NbdClient.connect(server.socket(), "/disks/d")) {
            for (int block = 0; block < BLOCKS; block++) {
                assertEio(client, block);
            }
        }
        server.stop();
        String log = log();
        assertThat(log.lines().filter(line -> line.contains("checksum"))).hasSizeBetween(2, 30);
        assertThat(log).contains(": /disks/d (inode ", "(CHECKSUM_MISMATCH)", "more lines like this were left out");
    }

    /** A node of the file's map is lost while the volume is served: the log calls the file by its path, then and at the next start. */
    @Test
    void whatIsLostIsLoggedByItsPath() throws IOException {
        long inode = server.run("stat", "VOLUME", "/disks/d").path("inode").asLong();
        VolumeFileDamage.of(server.volume()).mapNode(inode, 0, 1);
        server.start();
        try (NbdClient client = NbdClient.connect(server.socket(), "/disks/d")) {
            client.sendWrite(7 * BLOCK, ByteBuffer.allocate(BLOCK));
            client.awaitReplies(1);
        }
        server.stop();
        String lost = "up to 256 blocks of /disks/d (inode " + inode + "), from offset 0 on, are lost";
        assertThat(log()).contains(lost);
        assertThat(server.start().path("problems").toString()).contains(lost);
        server.stop();
        assertThat(log()).contains("damage found while opening: " + lost, DamageAdvice.TEXT);
    }
}
