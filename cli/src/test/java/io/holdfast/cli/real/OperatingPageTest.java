package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.check.VolumeFileDamage;
import io.holdfast.cli.demo.CableServer;
import io.holdfast.clients.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the commands of docs/OPERATING.md as they stand there, and compares what they print: numbers, and lines that are
 * {@code …}, may differ. Comments in the page that readers do not see say what happens meanwhile ({@link #happens}).
 */
@Tag("slow")
@Timeout(300)
class OperatingPageTest {
    private static final Path PAGE = Path.of("..", "docs", "OPERATING.md");

    @TempDir
    private Path folder;

    private Path volume;
    private Optional<Process> server = Optional.empty();
    private PageCommands page;

    @BeforeEach
    void make() throws IOException {
        Program.needs("qemu-io");
        volume = folder.resolve("vms.holdfast");
        byte[] disk = new byte[8 << 20];
        new Random(1).nextBytes(disk);
        Files.write(folder.resolve("backup.img"), disk);
        page = new PageCommands(folder);
        page.run("holdfast format vms.holdfast --size 128M");
        page.run("holdfast import backup.img vms.holdfast /debian.img");
    }

    @AfterEach
    void stop() throws IOException {
        if (server.isPresent()) {
            server.get().destroy();
            await(server.get());
            server = Optional.empty();
        }
    }

    @Test
    void theCommandsDoWhatThePageSays() throws IOException {
        page.read(PAGE, this::happens);
        assertThat(page.commands()).isGreaterThan(10);
    }

    /** Does what a comment of the page says. */
    private void happens(String[] words) throws IOException {
        switch (words[0]) {
            case "serve" -> serve();
            case "stop" -> stop();
            case "rot:" -> rot(words);
            case "pull" -> Files.createFile(CableServer.pulled(volume));
            case "plug" -> Files.delete(CableServer.pulled(volume));
            case "fail" ->
                page.run("! qemu-io -f raw -c 'write 0 4096' -c flush 'nbd+unix:///debian.img?socket=vms.nbd'");
            case "checkpoint" -> {
                stop();
                serve();
            }
            default -> throw new AssertionError(String.join(" ", words));
        }
    }

    private void serve() throws IOException {
        List<String> serve = List.of(
                System.getProperty("java.home") + "/bin/java",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                CableServer.class.getName(),
                "serve",
                "vms.holdfast",
                "--nbd",
                "unix:vms.nbd");
        Process process = new ProcessBuilder(serve)
                .directory(folder.toFile())
                .redirectError(folder.resolve("log").toFile())
                .start();
        server = Optional.of(process);
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        String line = out.readLine();
        while (line != null && !line.startsWith("ready")) {
            line = out.readLine();
        }
        assertThat(line).as(Files.readString(folder.resolve("log"))).isNotNull();
    }

    /** Damages what lies on the device, while nobody has it in memory. */
    private void rot(String[] words) throws IOException {
        stop();
        VolumeFileDamage damage = VolumeFileDamage.of(volume);
        long inode = Long.parseLong(
                page.run("holdfast stat --json vms.holdfast " + words[2]).replaceAll("(?s).*\"inode\":(\\d+).*", "$1"));
        long block = Long.parseLong(words[3]);
        switch (words[1]) {
            case "data" -> damage.data(inode, block);
            case "map" -> damage.mapNode(inode, block, 1);
            case "space" -> damage.spaceBits(inode);
            default -> throw new AssertionError(words[1]);
        }
        serve();
    }

    private static void await(Process process) {
        try {
            if (!process.waitFor(2, TimeUnit.MINUTES)) {
                throw new AssertionError("did not end");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
