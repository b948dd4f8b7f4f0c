package io.holdfast.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.FakeServer;
import io.holdfast.cli.fake.Household;
import io.holdfast.volume.CreateOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The serving process as a user sees it: a process of its own, on a volume in memory. */
@Timeout(120)
class ServeCommandTest {
    @TempDir
    private Path folder;

    private final List<Process> processes = new ArrayList<>();
    private Path volume;

    @BeforeEach
    void start() {
        volume = folder.resolve("v");
    }

    @AfterEach
    void stop() {
        processes.forEach(Process::destroyForcibly);
    }

    /** Starts {@code holdfast serve} in a process with its own fake engine, which has 30 files. */
    private Process serve(String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                FakeServer.class.getName(),
                volume.toString(),
                "serve",
                volume.toString()));
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command)
                .redirectError(folder.resolve("err").toFile())
                .start();
        processes.add(process);
        return process;
    }

    /** Sends SIGTERM. {@link Process#destroy} would also close the pipe from the process. */
    private static void sigterm(Process process) {
        assertThat(process.toHandle().destroy()).isTrue();
    }

    private List<String> until(BufferedReader reader, String part) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            lines.add(line);
            if (line.contains(part)) {
                return lines;
            }
        }
        throw new AssertionError(lines + Files.readString(folder.resolve("err")));
    }

    @Test
    void saysWhatItServesAndStopsOnSigterm() throws Exception {
        Process server = serve("--nbd", "unix:" + folder.resolve("nbd"), "--nbd", "tcp:127.0.0.1:0");
        BufferedReader out = server.inputReader();
        List<String> lines = until(out, "ready");
        assertThat(lines.getFirst())
                .isEqualTo("recovered 12 log records with 34 blocks in 7.8 ms;"
                        + " an unflushed end of the log was dropped;"
                        + " that took 1 checkpoints on the way: the memory has no room for all changes at once");
        assertThat(lines.get(1)).startsWith("/f00  nbd+unix:///f00?socket=").contains("  nbd://127.0.0.1:");
        assertThat(lines.get(ExportPaths.SHOWN_MAX + 1)).isEqualTo("… and 10 more; 'holdfast ls' lists them");
        assertThat(lines.getLast()).startsWith("ready: " + volume);
        assertThat(folder.resolve("nbd")).exists();

        sigterm(server);
        assertThat(until(out, "stopped")).first().asString().startsWith("stopping");
        assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(server.exitValue()).isZero();
        assertThat(folder.resolve("nbd")).doesNotExist();
        assertThat(folder.resolve("v.sock")).doesNotExist();
        assertThat(folder.resolve("err")).isEmptyFile();
    }

    @Test
    void controlCStopsItInOrder() throws Exception {
        Process server = serve("--nbd", "unix:" + folder.resolve("nbd"));
        BufferedReader out = server.inputReader();
        until(out, "ready");
        Assumptions.assumeFalse(
                ignoresInterrupts(server), "a process that was started in the background ignores SIGINT");
        assertThat(new ProcessBuilder("kill", "-INT", Long.toString(server.pid()))
                        .start()
                        .waitFor())
                .isZero();
        assertThat(until(out, "stopped")).first().asString().startsWith("stopping");
        assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(server.exitValue()).isZero();
    }

    /** Returns whether the process had SIGINT ignored when it was started; then it stays so. */
    private static boolean ignoresInterrupts(Process process) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> (Long.parseUnsignedLong(
                                        line.substring("SigIgn:".length()).strip(), 16)
                                & 2)
                        != 0);
    }

    @Test
    void speaksJson() throws Exception {
        Process server = serve("--nbd", "unix:" + folder.resolve("nbd"), "--json");
        BufferedReader out = server.inputReader();
        List<String> lines = until(out, "\"event\":\"ready\"");
        assertThat(lines.getFirst()).contains("\"event\":\"opened\"", "\"records\":12", "\"millis\":7.8");
        assertThat(lines.getLast()).contains("\"pid\":" + server.pid(), "\"nbd\":[\"unix:", "\"control\":\"");
        assertThat(lines).anyMatch(l -> l.contains("\"event\":\"more_exports\"") && l.contains("\"count\":10"));
        sigterm(server);
        until(out, "\"event\":\"stopped\"");
        assertThat(server.waitFor()).isZero();
    }

    @Test
    void aKilledServersSocketIsNoObstacle() throws Exception {
        Process first = serve("--nbd", "unix:" + folder.resolve("nbd"));
        until(first.inputReader(), "ready");
        first.destroyForcibly().waitFor();
        assertThat(folder.resolve("v.sock")).exists();
        Process second = serve("--nbd", "unix:" + folder.resolve("nbd"));
        until(second.inputReader(), "ready");
        sigterm(second);
        assertThat(second.waitFor()).isZero();
    }

    @Test
    void failsClearlyIfItCannotListen() throws Exception {
        Process server = serve("--nbd", "unix:" + folder.resolve("none/nbd"));
        assertThat(server.waitFor()).isNotZero();
        assertThat(folder.resolve("err")).content().startsWith("holdfast: ").doesNotContain("\tat ");
        assertThat(folder.resolve("v.sock")).doesNotExist();
    }

    @Test
    void listsNoMoreThanItMust() throws IOException {
        Household home = new Household(folder).formatted();
        try (var v = home.hold()) {
            v.mkdir("/a", CreateOptions.directory());
            v.create("/a/x", CreateOptions.file()).close();
            v.symlink("/a/l", "x");
            assertThat(ExportPaths.of(v)).isEqualTo(new ExportPaths(List.of("/a/x"), 0, true));
            for (int i = 0; i < 10_000; i++) {
                v.create("/z" + i, CreateOptions.file()).close();
            }
            ExportPaths many = ExportPaths.of(v);
            assertThat(many.shown()).hasSize(ExportPaths.SHOWN_MAX);
            assertThat(many.exact()).isFalse();
        }
    }
}
