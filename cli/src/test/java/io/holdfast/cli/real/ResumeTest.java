package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.demo.CableServer;
import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * The cable of a served volume is pulled and plugged in again, and {@code holdfast resume} opens the volume without an end
 * of its server. The clients are QEMU's, which connect again by themselves.
 */
@Tag("slow")
@Timeout(300)
class ResumeTest {
    @TempDir
    private Path folder;

    private RealServer commands;
    private Process server;
    private BufferedReader events;
    private final List<ReconnectingClient> clients = new ArrayList<>();

    @BeforeEach
    void serve() throws IOException {
        Program.needs("qemu-io", "stdbuf");
        commands = new RealServer(folder, "64M");
        for (String path : List.of("/flushed", "/unflushed", "/other")) {
            commands.run("create", "VOLUME", path, "--size", "8M");
        }
        server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CableServer.class.getName(),
                        "serve",
                        commands.volume().toString(),
                        "--nbd",
                        "unix:" + commands.socket(),
                        "--memory",
                        "64M")
                .redirectError(folder.resolve("server.err").toFile())
                .start();
        events = server.inputReader(StandardCharsets.UTF_8);
        until("ready");
    }

    private ReconnectingClient client(String export) throws IOException {
        ReconnectingClient client = new ReconnectingClient(folder, commands.socket(), export);
        clients.add(client);
        return client;
    }

    @AfterEach
    void end() throws InterruptedException {
        clients.forEach(ReconnectingClient::close);
        if (server != null) {
            server.destroyForcibly().waitFor();
        }
    }

    private String until(String part) throws IOException {
        for (String line = events.readLine(); line != null; line = events.readLine()) {
            if (line.contains(part)) {
                return line;
            }
        }
        throw new AssertionError("the server ended: " + Files.readString(folder.resolve("server.err")));
    }

    private void pull(boolean now) throws IOException {
        Path pulled = CableServer.pulled(commands.volume());
        if (now) {
            Files.createFile(pulled);
        } else {
            Files.delete(pulled);
        }
    }

    /** Has the volume meet the pulled cable. */
    private void latch() throws IOException {
        Program.Result write = Program.end(
                folder,
                "qemu-io",
                "-f",
                "raw",
                "-t",
                "none",
                "-c",
                "write -P 9 0 1M",
                "-c",
                "flush",
                commands.uri("/other"));
        assertThat(write.fails().output()).contains("Input/output error");
        assertThat(until("FAILED")).contains("the cable is pulled");
    }

    /** Writes and flushes, by a client that came after the volume was opened again. */
    private Program.Result flush(String path) throws IOException {
        return Program.end(
                folder,
                "qemu-io",
                "-f",
                "raw",
                "-t",
                "writeback",
                "-c",
                "write -P 6 4M 64k",
                "-c",
                "flush",
                commands.uri(path));
    }

    @Test
    void aClientThatHadFlushedNoticesNothingAndOneThatHadNotIsToldSo() throws Exception {
        assertThatThrownBy(() -> commands.run("resume", "VOLUME"))
                .hasMessageContaining("status 2")
                .hasMessageContaining("nothing to resume");
        ReconnectingClient flushed = client("flushed");
        ReconnectingClient unflushed = client("unflushed");
        flushed.runs("write -P 1 0 1M");
        flushed.runs("flush");
        unflushed.runs("write -P 1 0 1M");
        unflushed.runs("flush");
        unflushed.runs("write -P 2 0 1M");
        pull(true);
        latch();

        assertThatThrownBy(() -> commands.run("resume", "VOLUME"))
                .hasMessageContaining("status 1")
                .hasMessageContaining("the cable is pulled");
        assertThat(commands.run("info", "VOLUME").path("failure").asString()).contains("the cable is pulled");

        pull(false);
        JsonNode resumed = commands.run("resume", "VOLUME");
        assertThat(resumed.path("problems")).isEmpty();
        assertThat(resumed.path("lost").valueStream().map(JsonNode::asString))
                .contains("/unflushed")
                .doesNotContain("/flushed");
        until("RESUMED");
        assertThat(commands.run("info", "VOLUME").path("failure").asString()).isEmpty();

        flushed.runs("read -P 1 0 1M");
        flushed.runs("write -f -P 3 1M 1M");
        flush("/flushed").succeeds();
        unflushed.runs("write -P 4 1M 1M");
        assertThat(unflushed.run("write -f -P 4 1M 1M")).contains("Input/output error");
        flush("/unflushed").fails();
        flush("/unflushed").fails();
        commands.run("resume", "VOLUME", "--accept", "/unflushed");
        flush("/unflushed").succeeds();
        unflushed.runs("write -f -P 4 1M 1M");
        assertThatThrownBy(() -> commands.run("resume", "VOLUME", "--accept", "/flushed"))
                .hasMessageContaining("status 2");
        assertThatThrownBy(() -> commands.run("resume", "VOLUME")).hasMessageContaining("nothing to resume");

        commands.assertClean();
        server.toHandle().destroy();
        assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(server.exitValue()).isZero();
        commands.assertClean();
    }

    /** Requests that came while the volume had failed got an error; none is done later. */
    @Test
    void aVolumeCanFailAndBeResumedAgainAndAgain() throws Exception {
        ReconnectingClient client = client("flushed");
        for (int i = 1; i <= 3; i++) {
            client.runs("write -P " + i + " 0 1M");
            client.runs("flush");
            pull(true);
            latch();
            assertThat(client.run("write -P 77 0 1M")).contains("Input/output error");
            pull(false);
            commands.run("resume", "VOLUME");
            until("RESUMED");
            client.runs("read -P " + i + " 0 1M");
            client.runs("flush");
        }
    }

    @Test
    void aVolumeThatIsNotServedHasNothingToResume() throws Exception {
        server.toHandle().destroy();
        assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> commands.run("resume", "VOLUME"))
                .hasMessageContaining("status 2")
                .hasMessageContaining("not being served");
    }
}
