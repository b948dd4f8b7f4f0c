package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A sparse volume on a file system that fills up while the volume is served, and later has room again. */
@Tag("slow")
@Timeout(300)
class HostFullTest {
    private static final int PIECES_MAX = 60;
    private static final int PIECE_MIB = 4;
    private static final int ATTEMPTS_MAX = 500;

    @TempDir
    private Path folder;

    private Path mounted;
    private Path filler;
    private RealServer server;
    private String disk;

    @BeforeEach
    void mount() throws IOException {
        Program.needs("qemu-io");
        mounted = Files.createDirectory(folder.resolve("host"));
        Path image = folder.resolve("image");
        Program.run(folder, "truncate", "-s", "200M", image.toString());
        Program.run(folder, "/sbin/mkfs.ext4", "-q", "-F", image.toString());
        Program.Result mount = Program.end(folder, "mount", "-o", "loop", image.toString(), mounted.toString());
        if (mount.status() != 0) {
            Program.skip("a file system cannot be mounted here: " + mount.output());
        }
        server = new RealServer(mounted, "1G");
        server.run("create", "VOLUME", "/disk", "--size", "512M");
        disk = server.uri("/disk");
        filler = mounted.resolve("filler");
        Files.write(filler, new byte[60 << 20]);
    }

    @AfterEach
    void unmount() throws IOException {
        if (server != null) {
            if (server.wasStarted()) {
                server.kill();
            }
            Program.run(folder, "umount", mounted.toString());
        }
    }

    private Program.Result io(String... commands) throws IOException {
        String[] line = new String[5 + 2 * commands.length + 1];
        System.arraycopy(new String[] {"qemu-io", "-f", "raw", "-t", "none"}, 0, line, 0, 5);
        for (int i = 0; i < commands.length; i++) {
            line[5 + 2 * i] = "-c";
            line[6 + 2 * i] = commands[i];
        }
        line[line.length - 1] = disk;
        return Program.end(folder, line);
    }

    private static String piece(String what, int number) {
        return "%s -P %d %dM %dM".formatted(what, number + 1, number * PIECE_MIB, PIECE_MIB);
    }

    /** Writes until there is no room; returns how many pieces were written. */
    private int fill() throws IOException {
        for (int i = 0; i < PIECES_MAX; i++) {
            Program.Result result = io(piece("write", i));
            if (result.status() != 0) {
                assertThat(result.output()).contains("No space left on device").doesNotContain("Input/output error");
                return i;
            }
        }
        throw new AssertionError("the host did not become full");
    }

    @Test
    void clientsGetEnospcAndGoOnWhenThereIsRoom() throws IOException {
        server.start();
        int written = fill();
        assertThat(written).isPositive();
        // From now on writes are refused at once; reads still work.
        assertThat(io("write -P 99 300M 64k").fails().output()).contains("No space left on device");
        io(piece("read", 0), piece("read", written - 1)).succeeds();

        Files.delete(filler);
        // The server looks for room every 50 ms, and the file system may take a while to give it back.
        Program.Result again = io("write -P 77 400M 4M", "flush");
        for (int attempt = 0; again.status() != 0 && attempt < ATTEMPTS_MAX; attempt++) {
            again = io("write -P 77 400M 4M", "flush");
        }
        again.succeeds();
        for (int i = 0; i < written; i++) {
            assertThat(io(piece("read", i)).succeeds().output()).doesNotContain("verification failed");
        }
        server.kill();
        server.start();
        assertThat(io("read -P 77 400M 4M").succeeds().output()).doesNotContain("verification failed");
        assertThat(server.stop()).isZero();
        server.assertClean();
    }

    /** Room comes and goes, until the free blocks are scattered. */
    @Test
    void everyFillEndsWithEnospcAndTheDiskCanBeRead() throws IOException {
        server.start();
        fill();
        Files.delete(filler);
        server.run("rm", "VOLUME", "/disk");
        server.run("create", "VOLUME", "/disk", "--size", "512M");
        fill();
        io(piece("read", 0)).succeeds();
        assertThat(server.run("check", "VOLUME").path("clean").asBoolean()).isTrue();
        server.stop();
        server.assertClean();
    }

    @Test
    void aServerThatIsStoppedOnAFullHostLosesNothingThatWasFlushed() throws IOException {
        server.start();
        io(piece("write", 0), "flush").succeeds();
        fill();
        server.stop();
        Files.delete(filler);
        server.start();
        assertThat(io(piece("read", 0)).succeeds().output()).doesNotContain("verification failed");
        assertThat(server.stop()).isZero();
        server.assertClean();
    }
}
