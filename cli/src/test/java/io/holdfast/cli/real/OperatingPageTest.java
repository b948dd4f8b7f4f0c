package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.check.VolumeFileDamage;
import io.holdfast.cli.Main;
import io.holdfast.cli.demo.CableServer;
import io.holdfast.clients.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
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
    private static final String COMMENT = "<!-- ";
    private static final String ANY = "…";
    private static final Pattern NUMBER = Pattern.compile("[0-9]+(\\.[0-9]+)?( (ms|s|KiB|MiB|GiB)\\b)?");

    @TempDir
    private Path folder;

    private Path volume;
    private Optional<Process> server = Optional.empty();
    private int status;
    private int commands;

    @BeforeEach
    void make() throws IOException {
        Program.needs("qemu-io");
        volume = folder.resolve("vms.holdfast");
        byte[] disk = new byte[8 << 20];
        new Random(1).nextBytes(disk);
        Files.write(folder.resolve("backup.img"), disk);
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path command = Files.writeString(
                bin.resolve("holdfast"),
                "#!/bin/sh\nexec '" + System.getProperty("java.home") + "/bin/java' -XX:+UseSerialGC"
                        + " -XX:TieredStopAtLevel=1 -Xmx256m --enable-native-access=ALL-UNNAMED -cp '"
                        + System.getProperty("java.class.path") + "' " + Main.class.getName() + " \"$@\"\n");
        Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
        run("holdfast format vms.holdfast --size 128M");
        run("holdfast import backup.img vms.holdfast /debian.img");
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
        List<String> lines = Files.readAllLines(PAGE);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.startsWith(COMMENT)) {
                happens(line.substring(COMMENT.length(), line.indexOf(" -->")));
            } else if (line.equals("```console")) {
                int end = i + 1 + lines.subList(i + 1, lines.size()).indexOf("```");
                runAll(lines.subList(i + 1, end));
                i = end;
            }
        }
        assertThat(commands).isGreaterThan(10);
    }

    /** Does what a comment of the page says: something happens, or the last command of the next block has a status. */
    private void happens(String comment) throws IOException {
        String[] words = comment.split(" ");
        switch (words[0]) {
            case "serve" -> serve();
            case "stop" -> stop();
            case "status" -> status = Integer.parseInt(words[1]);
            case "rot:" -> rot(words);
            case "pull" -> Files.createFile(CableServer.pulled(volume));
            case "plug" -> Files.delete(CableServer.pulled(volume));
            case "fail" -> run("! qemu-io -f raw -c 'write 0 4096' -c flush 'nbd+unix:///debian.img?socket=vms.nbd'");
            case "checkpoint" -> {
                stop();
                serve();
            }
            default -> throw new AssertionError(comment);
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
                run("holdfast stat --json vms.holdfast " + words[2]).replaceAll("(?s).*\"inode\":(\\d+).*", "$1"));
        long block = Long.parseLong(words[3]);
        switch (words[1]) {
            case "data" -> damage.data(inode, block);
            case "map" -> damage.mapNode(inode, block, 1);
            case "space" -> damage.spaceBits(inode);
            default -> throw new AssertionError(words[1]);
        }
        serve();
    }

    /** Runs the commands of a block, each with the lines below it as what it prints. */
    private void runAll(List<String> block) throws IOException {
        int at = 0;
        while (at < block.size()) {
            String command = block.get(at).substring("$ ".length());
            List<String> printed = new ArrayList<>();
            at++;
            while (at < block.size() && !block.get(at).startsWith("$ ")) {
                printed.add(block.get(at++));
            }
            int expected = status;
            status = 0;
            commands++;
            compare(command, run(command, expected), printed);
        }
    }

    private static void compare(String command, String found, List<String> printed) {
        StringBuilder pattern = new StringBuilder();
        for (String line : printed) {
            if (line.equals(ANY)) {
                pattern.append("(.*\n)*");
            } else {
                String quoted = Pattern.quote(normal(line)).replace(ANY, "\\E.*\\Q");
                pattern.append(quoted).append("\n");
            }
        }
        assertThat(normal(found)).as("what " + command + " prints:\n" + found).matches(pattern.toString());
    }

    private static String normal(String text) {
        return NUMBER.matcher(text).replaceAll("0");
    }

    private String run(String command) throws IOException {
        return run(command, 0);
    }

    /** Runs a command in bash; returns what it prints, on whichever of the two. */
    private String run(String command, int expected) throws IOException {
        Program.Result result = Program.end(folder, "bash", "-c", "PATH=\"$PWD/bin:$PATH\"\n" + command);
        assertThat(result.status()).as(result::toString).isEqualTo(expected);
        return result.output();
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
