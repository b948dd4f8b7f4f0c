package io.holdfast.cli.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Main;
import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.net.ServerSocket;
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

/** {@code holdfast serve} as a service manager runs it: by a file, with a socket to report to, and with inherited sockets. */
@Tag("slow")
@Timeout(240)
class ServiceTest {
    private static final List<String> JAVA = List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName());

    @TempDir
    private Path folder;

    private RealServer volume;
    private Path config;
    private final List<Process> processes = new ArrayList<>();

    @BeforeEach
    void makeVolume() throws IOException {
        volume = new RealServer(folder, "256M");
        volume.run("create", "VOLUME", "/disk", "--size", "64M");
        config = folder.resolve("vms.toml");
    }

    @AfterEach
    void end() {
        processes.forEach(Process::destroyForcibly);
        volume.close();
    }

    private ProcessBuilder server(List<String> before, String... more) {
        List<String> line = new ArrayList<>(before);
        line.addAll(JAVA);
        line.addAll(List.of("serve", "--config", config.toString()));
        line.addAll(List.of(more));
        return new ProcessBuilder(line)
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile());
    }

    private Process start(ProcessBuilder builder) throws IOException {
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private void stop(Process server) throws Exception {
        server.toHandle().destroy();
        assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(server.exitValue())
                .as(Files.readString(folder.resolve("err")))
                .isZero();
    }

    private void configure(String... lines) throws IOException {
        List<String> all = new ArrayList<>(List.of("volume = \"" + volume.volume() + "\"", "memory = \"64M\""));
        all.addAll(List.of(lines));
        Files.write(config, all);
    }

    @Test
    void aServerReportsWhatItDoes() throws Exception {
        configure("nbd = \"unix:" + folder.resolve("nbd") + "\"");
        String address = folder.resolve("notify").toString();
        try (Datagrams heard = new Datagrams(folder, address)) {
            ProcessBuilder builder = server(List.of());
            builder.environment().put("NOTIFY_SOCKET", address);
            builder.environment().put("WATCHDOG_USEC", "4000000");
            Process server = start(builder);
            List<String> first = heard.until("READY=1");
            assertThat(first.getFirst()).isEqualTo("EXTEND_TIMEOUT_USEC=60000000 | STATUS=opening " + volume.volume());
            assertThat(first.getLast())
                    .isEqualTo("READY=1 | STATUS=serving " + volume.volume() + " at unix:" + folder.resolve("nbd"));
            heard.until("WATCHDOG=1");
            heard.until("WATCHDOG=1");
            Program.needs("nbdcopy");
            Program.run(folder, "nbdcopy", "--flush", "--", "/dev/null", uri("nbd"));
            server.destroyForcibly().waitFor();

            Process second = start(builder);
            assertThat(heard.until("READY=1")).allMatch(line -> line.contains("STATUS="));
            second.toHandle().destroy();
            assertThat(heard.until("STOPPING=1").getLast()).startsWith("STOPPING=1 | STATUS=ending");
            assertThat(second.waitFor()).isZero();
        }
    }

    private String uri(String socket) {
        return "nbd+unix:///disk?socket=" + folder.resolve(socket);
    }

    /** The server is killed and stopped while the socket stays: a client that comes meanwhile only waits. */
    @Test
    void anInheritedSocketIsServedAndStays() throws Exception {
        Program.needs("systemd-socket-activate", "nbdinfo", "nbdcopy");
        configure();
        Path socket = folder.resolve("activated");
        Process manager = start(server(List.of("systemd-socket-activate", "--listen=" + socket, "--fdname=nbd")));
        while (!Program.isListening(socket)) {
            Thread.onSpinWait();
        }
        assertThat(Program.run(folder, "nbdinfo", "--size", uri("activated")).strip())
                .isEqualTo("67108864");
        assertThat(folder.resolve("out")).content().contains("ready: " + volume.volume() + " at unix:" + socket);
        assertThat(volume.run("info", "VOLUME").path("served").asBoolean()).isTrue();
        stop(manager);
        assertThat(socket).as("the socket is the manager's").exists();
    }

    @Test
    void anAddressThatIsInheritedIsNotBound() throws Exception {
        Program.needs("systemd-socket-activate", "nbdinfo");
        Path socket = folder.resolve("activated");
        Path own = folder.resolve("own");
        configure("nbd = [\"unix:" + socket + "\", \"unix:" + own + "\"]");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Process manager = start(server(List.of(
                "systemd-socket-activate", "--listen=" + socket, "--listen=127.0.0.1:" + port, "--fdname=unix:tcp")));
        while (!Program.isListening(socket)) {
            Thread.onSpinWait();
        }
        for (String name : List.of("activated", "own")) {
            assertThat(Program.run(folder, "nbdinfo", "--size", uri(name)).strip())
                    .isEqualTo("67108864");
        }
        assertThat(folder.resolve("out"))
                .content()
                .containsPattern("ready: .* at unix:.*, unix:.*, tcp:127.0.0.1:" + port);
        stop(manager);
        assertThat(own).doesNotExist();
    }

    @Test
    void aDescriptorThatIsNoListeningSocketIsRefusedInWords() throws Exception {
        Program.needs("systemd-socket-activate");
        configure();
        Path socket = folder.resolve("dgram");
        Process manager =
                start(server(List.of("systemd-socket-activate", "--datagram", "--listen=" + socket, "--fdname=nbd")));
        Program.needs("python3");
        while (Files.notExists(socket)) {
            Thread.onSpinWait();
        }
        Program.run(
                folder,
                "python3",
                "-c",
                "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', '" + socket + "')");
        assertThat(manager.waitFor()).isEqualTo(1);
        assertThat(folder.resolve("err"))
                .content()
                .contains("descriptor 3 ('nbd') of the service manager cannot be served: it is no stream socket");
    }
}
