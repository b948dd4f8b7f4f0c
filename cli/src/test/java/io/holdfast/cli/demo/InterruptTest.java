package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Main;
import io.holdfast.device.VolumeLock;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Commands, in processes of their own, that block when a signal comes. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class InterruptTest {
    private static final int INTERRUPTED = 130;
    private static final int MIB = 1 << 20;

    @TempDir
    private Path folder;

    private RealServer server;
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void format() throws IOException {
        server = new RealServer(folder, "128M");
    }

    @AfterEach
    void end() {
        server.close();
        started.forEach(Process::destroyForcibly);
    }

    private Process start(String... args) throws IOException {
        // A test that runs in the background of a shell has inherited ignored signals.
        List<String> line = new ArrayList<>(List.of(
                "env",
                "--default-signal=HUP,INT,TERM",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        Stream.of(args)
                .map(a -> a.equals("VOLUME") ? server.volume().toString() : a)
                .forEach(line::add);
        Process process = new ProcessBuilder(line)
                .redirectError(Redirect.to(folder.resolve("err").toFile()))
                .start();
        started.add(process);
        return process;
    }

    private void assertInterrupted(Process process) throws IOException, InterruptedException {
        assertThat(process.waitFor())
                .as(Files.readString(folder.resolve("err")))
                .isEqualTo(INTERRUPTED);
        assertThat(folder.resolve("err")).content().contains("holdfast: interrupted");
    }

    private static void signal(Process process, String name) throws IOException, InterruptedException {
        int status = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
        assertThat(status).isZero();
    }

    /** A process holds the volume and a socket, accepts connections, and never answers. */
    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT", "HUP"})
    void aCommandThatWaitsForAServerThatHangs(String signal) throws Exception {
        try (VolumeLock _ = VolumeLock.acquire(server.volume(), true);
                ServerSocketChannel deaf = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            deaf.bind(UnixDomainSocketAddress.of(server.volume().toRealPath() + ".sock"));
            Process ls = start("ls", "VOLUME");
            try (SocketChannel client = deaf.accept()) {
                assertThat(client.isConnected()).isTrue();
                signal(ls, signal);
                assertInterrupted(ls);
            }
        }
    }

    /** Writes more to the process than a pipe holds, so that it has read some; does not end the input. */
    private static void feed(Process process) throws IOException {
        byte[] data = new byte[3 * MIB];
        new Random(1).nextBytes(data);
        OutputStream in = process.getOutputStream();
        in.write(data);
        in.flush();
    }

    @Test
    void anImportThatWaitsForItsInput() throws Exception {
        Process importing = start("import", "-", "VOLUME", "/f");
        feed(importing);
        signal(importing, "TERM");
        assertInterrupted(importing);
        assertNothingIsLeft();
        assertThat(server.start().path("clean").asBoolean())
                .as("the volume was closed")
                .isTrue();
    }

    @Test
    void anImportIntoAServedVolumeThatWaitsForItsInput() throws Exception {
        server.start();
        Process importing = start("import", "-", "VOLUME", "/f");
        feed(importing);
        signal(importing, "INT");
        assertInterrupted(importing);
        assertNothingIsLeft();
        assertSpaceComesBack();
    }

    @Test
    void anImportIntoAServedVolumeThatIsKilled() throws Exception {
        server.start();
        Process importing = start("import", "-", "VOLUME", "/f");
        feed(importing);
        importing.destroyForcibly().waitFor();
        assertNothingIsLeft();
        assertSpaceComesBack();
        assertThat(server.stop()).isZero();
        server.assertClean();
    }

    @Test
    void anImportThatIsKilled() throws Exception {
        Process importing = start("import", "-", "VOLUME", "/f", "--memory", "16M");
        feed(importing);
        importing.destroyForcibly().waitFor();
        assertNothingIsLeft();
        server.start();
        assertNothingIsLeft();
        assertSpaceComesBack();
    }

    @Test
    void anImportWhoseServerIsKilled() throws Exception {
        server.start();
        Process importing = start("import", "-", "VOLUME", "/f");
        feed(importing);
        server.kill();
        importing.getOutputStream().close();
        assertThat(importing.waitFor()).isEqualTo(12);
        assertNothingIsLeft();
        server.start();
        assertSpaceComesBack();
    }

    /** The import that ends last fails with a message; neither overwrites the other's file unasked. */
    @Test
    void twoImportsOfOneName() throws Exception {
        server.start();
        Process slow = start("import", "-", "VOLUME", "/f");
        feed(slow);
        Process fast = start("import", "-", "VOLUME", "/f");
        fast.getOutputStream().write(7);
        fast.getOutputStream().close();
        assertThat(fast.waitFor()).isZero();
        slow.getOutputStream().close();
        assertThat(slow.waitFor()).isEqualTo(6);
        assertThat(server.run("stat", "VOLUME", "/f").path("size_bytes").asLong())
                .isEqualTo(1);
    }

    @Test
    void anExportIntoAPipeThatNobodyReads() throws Exception {
        Process importing = start("import", "-", "VOLUME", "/f");
        feed(importing);
        importing.getOutputStream().close();
        assertThat(importing.waitFor()).isZero();
        Process exporting = start("export", "VOLUME", "/f", "-");
        assertThat(exporting.getInputStream().read()).isNotNegative();
        signal(exporting, "TERM");
        assertInterrupted(exporting);
        server.assertClean();
    }

    @Test
    void theDemonstration() throws Exception {
        Path parent = Files.createDirectory(folder.resolve("demos"));
        Process demo = start("demo", "--dir", parent.toString());
        try (var lines = demo.inputReader()) {
            String line = lines.readLine();
            while (line != null && !line.contains("Kill 1")) {
                line = lines.readLine();
            }
            signal(demo, "TERM");
            assertInterrupted(demo);
        }
        assertThat(parent).isEmptyDirectory();
    }

    private void assertNothingIsLeft() throws IOException {
        JsonNode check = server.run("check", "VOLUME");
        assertThat(check.path("clean").asBoolean()).as(check.toString()).isTrue();
        assertThat(server.list("/")).isEmpty();
    }

    /** Unnamed files are freed in the background, and their space is free after a checkpoint, which a check makes. */
    private void assertSpaceComesBack() throws IOException {
        while (server.run("df", "VOLUME").path("used_bytes").asLong() > 2 * MIB) {
            server.run("check", "VOLUME");
        }
    }
}
