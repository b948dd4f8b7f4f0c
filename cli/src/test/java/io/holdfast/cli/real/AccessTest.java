package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.ProductVersion;
import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Clients;
import io.holdfast.clients.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Who may open what, with other people's clients, honest and hostile, against {@code holdfast serve} on the real engine. */
@Tag("slow")
@Timeout(300)
@ParameterizedClass
@MethodSource("io.holdfast.clients.Clients#all")
class AccessTest {
    /** What nbdinfo says; that of libnbd 1.22 asks for the size all the same, and says only that. */
    private static final String[] NO_EXPORT = {"no export named", "server has not returned export size"};

    private static final int DISK_BLOCKS = 4096;

    /** Writes block after block, round and round, and keeps its connection. Says how far it came when it gets an error. */
    private static final String WRITER = """
            import sys
            h.connect_uri(uri)
            done = 0
            try:
                for i in range(blocks):
                    h.pwrite(bytes([(i + i // 4096 * 7) % 250 + 1]) * 4096, i % 4096 * 4096)
                    done = i + 1
                    if done == 200:
                        print("runs", flush=True)
                print("waits", flush=True)
                sys.stdin.readline()
            except nbd.Error as e:
                print("acknowledged", done, flush=True)
            """;

    /** Returns what the writer puts into its block number {@code i}. */
    private static byte written(long i) {
        return (byte) ((i + i / DISK_BLOCKS * 7) % 250 + 1);
    }

    @Parameter
    Clients clients;

    @TempDir
    private Path folder;

    private RealServer server;
    private final List<Process> processes = new ArrayList<>();

    @BeforeEach
    void create() throws IOException {
        server = new RealServer(folder, "256M");
        for (String disk : List.of("/a", "/b")) {
            server.run("create", "VOLUME", disk, "--size", "16M");
        }
    }

    @AfterEach
    void stopAndCheck() throws IOException {
        processes.forEach(Process::destroyForcibly);
        try (RealServer ending = server) {
            if (ending.wasStarted()) {
                assertThat(ending.stop()).isZero();
                ending.assertClean();
            }
        }
    }

    private String run(String... arguments) throws IOException {
        return clients.run(folder, arguments);
    }

    private String fails(String... arguments) throws IOException {
        return clients.end(folder, arguments).fails().output();
    }

    private String at(Path socket, String export) {
        return "nbd+unix:///" + export + "?socket=" + socket;
    }

    private String qemuIo(String uri, String... commands) throws IOException {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-f", "raw"));
        for (String command : commands) {
            line.addAll(List.of("-c", command));
        }
        line.add(uri);
        return clients.end(folder, line.toArray(String[]::new)).output();
    }

    /** Starts a client that writes blocks one by one and then keeps its connection. */
    private Process writer(String uri, int blocks) throws IOException {
        Path script = Files.writeString(folder.resolve("writer.py"), WRITER);
        Process process = Program.builder(
                        folder,
                        clients.path("nbdsh"),
                        "-n",
                        "-c",
                        "h = nbd.NBD(); uri = '" + uri + "'; blocks = " + blocks,
                        "-c",
                        "exec(open('" + script + "').read())")
                .start();
        processes.add(process);
        return process;
    }

    private static String until(BufferedReader out, String begin) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            all.append(line).append('\n');
            if (line.startsWith(begin)) {
                return line;
            }
        }
        throw new AssertionError("no line with " + begin + ":\n" + all);
    }

    /** Makes a file of so many MiB, none of them zeroes. */
    private Path image(int mebibytes) throws IOException {
        byte[] data = new byte[mebibytes << 20];
        new Random(mebibytes).nextBytes(data);
        return Files.write(folder.resolve("image"), data);
    }

    private JsonNode clientsOfServer() throws IOException {
        return server.run("clients", "VOLUME").path("clients");
    }

    @Test
    void oneGuestCannotOpenTheDiskOfAnother() throws IOException {
        clients.needs("nbdinfo", "qemu-io");
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        server.start("--export", "/a,socket=" + one, "--export", "/b,socket=" + two);
        assertThat(run("nbdinfo", "--list", "--no-content", at(one, "")))
                .contains("export=\"a\":")
                .doesNotContain("export=\"b\"");
        assertThat(run("nbdinfo", "--size", at(two, ""))).isEqualTo("16777216\n");
        assertThat(qemuIo(at(one, "a"), "write -P 7 0 64k")).contains("wrote 65536/65536");
        for (String name : List.of("b", "/b", "../b", "c")) {
            assertThat(fails("nbdinfo", "--size", at(one, name))).containsAnyOf(NO_EXPORT);
            assertThat(fails("nbdinfo", "--size", server.uri("/" + name))).containsAnyOf(NO_EXPORT);
        }
        assertThat(run("nbdinfo", "--list", "--no-content", server.uri("/"))).doesNotContain("export=\"");
    }

    @Test
    void aNameIsKnownOrNotAndTheListIsOff() throws IOException {
        clients.needs("nbdinfo");
        server.start("--export", "/a,name=disk", "--no-list");
        assertThat(fails("nbdinfo", "--list", server.uri("/"))).contains("list request: Operation not supported");
        assertThat(run("nbdinfo", "--size", server.uri("/disk"))).isEqualTo("16777216\n");
    }

    @Test
    void aBackupReadsBesideTheOnlyWriter() throws IOException {
        clients.needs("nbdcopy", "nbdsh", "qemu-io", "cmp");
        server.start("--export", "/a,exclusive", "--export", "/a,name=backup,read-only");
        BufferedReader guest = writer(server.uri("/a"), 64).inputReader();
        until(guest, "waits");
        Path copy = folder.resolve("copy");
        run("nbdcopy", server.uri("/backup"), copy.toString());
        byte[] found = Files.readAllBytes(copy);
        for (int i = 0; i < 64; i++) {
            assertThat(found[i * 4096]).isEqualTo(written(i));
        }
        fails("qemu-io", "-f", "raw", "-c", "write 0 4k", server.uri("/backup"));
        fails("nbdcopy", copy.toString(), server.uri("/backup"));
    }

    /** The second one waits for its predecessor for 20 seconds; then it is refused, and the first one never notices. */
    @Test
    void twoWritersAtOnceOnAnExclusiveExport() throws IOException {
        clients.needs("nbdsh", "qemu-io");
        server.start("--export", "/a,exclusive", "--export", "/a,name=other");
        Process first = writer(server.uri("/a"), 4);
        BufferedReader guest = first.inputReader();
        until(guest, "waits");
        assertThat(qemuIo(server.uri("/a"), "read -P 1 0 4k", "write -P 9 0 4k", "discard 0 4k", "read -P 1 0 4k"))
                .contains("write failed: Operation not permitted")
                .doesNotContain("Pattern verification failed");
        assertThat(server.log()).contains("waits for client", "was refused a write");
        // When the first one has gone, the next one may.
        first.getOutputStream().close();
        assertThat(qemuIo(server.uri("/other"), "write -P 9 0 4k", "read -P 9 0 4k", "read -P 2 4k 4k"))
                .contains("wrote 4096/4096")
                .doesNotContain("failed");
    }

    @Test
    void severalConnectionsOfOneClientAreOneWriter() throws IOException {
        clients.needs("nbdcopy");
        server.start("--export", "/a,exclusive");
        Path image = image(16);
        run("nbdcopy", "--connections=4", "--request-size=65536", image.toString(), server.uri("/a"));
        Path back = folder.resolve("back");
        run("nbdcopy", server.uri("/a"), back.toString());
        run("cmp", image.toString(), back.toString());
        assertThat(server.log()).doesNotContain("waits for", "too: unless");
    }

    @Test
    void clientsTellsWhoHasWhatOpenAndSoDoesTheLog() throws IOException {
        clients.needs("nbdsh");
        assertThat(server.run("info", "VOLUME").path("recovery_pending").asBoolean(true))
                .isFalse();
        server.start();
        Process guest = writer(server.uri("/a"), 8);
        until(guest.inputReader(), "waits");
        JsonNode client = clientsOfServer().path(0);
        assertThat(client.path("export").asString()).isEqualTo("a");
        assertThat(client.path("has_written").asBoolean()).isTrue();
        assertThat(client.path("requests").asLong()).isEqualTo(8);
        assertThat(client.path("written_bytes").asLong()).isEqualTo(8 * 4096);
        long pid = client.path("pid").asLong();
        assertThat(guest.toHandle().pid() == pid || guest.descendants().anyMatch(child -> child.pid() == pid))
                .as("process %d", pid)
                .isTrue();
        server.awaitLog("process " + pid + ", which runs as user .* opened 'a' \\(/a\\)");
        JsonNode info = server.run("info", "VOLUME").path("server");
        assertThat(info.path("version").asString()).isEqualTo(ProductVersion.get());
        assertThat(info.path("pid").asLong()).isEqualTo(server.pid());
        assertThat(info.path("clients").asInt()).isEqualTo(1);
        assertThat(info.path("addresses").path(0).asString()).isEqualTo("unix:" + server.socket());
        server.kill();
        assertThat(server.run("info", "VOLUME").path("recovery_pending").asBoolean())
                .isTrue();
        server.start();
    }

    @Test
    void whatWasAcknowledgedBeforeADisconnectStays() throws IOException {
        clients.needs("nbdsh", "nbdcopy");
        server.start("--export", "/a");
        BufferedReader guest = writer(server.uri("/a"), Integer.MAX_VALUE).inputReader();
        until(guest, "runs");
        JsonNode gone = server.run(
                "disconnect", "VOLUME", clientsOfServer().path(0).path("id").asString());
        assertThat(gone.path("ended").asBoolean()).isTrue();
        int acknowledged = Integer.parseInt(until(guest, "acknowledged").split(" ")[1]);
        assertThat(clientsOfServer()).isEmpty();
        server.awaitLog("cut off: an administrator disconnected it");
        Path copy = folder.resolve("copy");
        run("nbdcopy", server.uri("/a"), copy.toString());
        byte[] found = Files.readAllBytes(copy);
        // The one write that was not acknowledged may have been done or not.
        for (int i = Math.max(0, acknowledged + 1 - DISK_BLOCKS); i < acknowledged; i++) {
            assertThat(found[i % DISK_BLOCKS * 4096]).as("block %d", i).isEqualTo(written(i));
        }
    }

    /** Four connections that ask for as much as they can share what the export may have. */
    @Test
    void aFloodIsHeldToTheRateAndOthersAreNot() throws IOException {
        clients.needs("nbdcopy", "qemu-io");
        server.start("--export", "/a,rate=4M,connections=4", "--export", "/b");
        Path image = image(8);
        long start = System.nanoTime();
        run("nbdcopy", "--connections=4", "--requests=64", image.toString(), server.uri("/a"));
        // The last requests, of up to 256 KiB on each connection, need not be paid for.
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(1500));
        assertThat(qemuIo(server.uri("/b"), "write -P 3 0 8M", "read -P 3 0 8M"))
                .contains("wrote 8388608/8388608");
        // nbdcopy takes fewer connections by itself; this one asks for a fifth.
        List<Process> four = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            four.add(writer(server.uri("/a"), 1));
            until(four.getLast().inputReader(), "waits");
        }
        assertThat(fails("qemu-io", "-f", "raw", "-c", "read 0 4k", server.uri("/a")))
                .contains("maximum of 4 connections");
    }

    @Test
    void aCertificateOpensItsExportsAndKnowsOfNoOthers() throws IOException {
        clients.needs("nbdinfo", "openssl");
        Path pki = Certificates.make(folder);
        String fingerprint = Program.run(
                        pki, "openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", "client-cert.pem")
                .replaceAll("(?s).*=|\\s", "");
        server.start(
                "--tls-certs",
                pki.toString(),
                "--tls-verify-peer",
                "--export",
                "/a,client=client",
                "--export",
                "/b,client=another",
                "--export",
                "/b,name=by-fingerprint,client=another,client=sha256:" + fingerprint);
        String secure = "&tls-certificates=" + pki + "&tls-hostname=localhost";
        String list = run(
                "nbdinfo", "--list", "--no-content", "nbds" + server.uri("/").substring(3) + secure);
        assertThat(list).contains("export=\"a\"", "export=\"by-fingerprint\"").doesNotContain("export=\"b\"");
        for (String name : List.of("/a", "/by-fingerprint")) {
            assertThat(run("nbdinfo", "--size", "nbds" + server.uri(name).substring(3) + secure))
                    .isEqualTo("16777216\n");
        }
        String hidden = fails("nbdinfo", "--size", "nbds" + server.uri("/b").substring(3) + secure);
        String missing = fails("nbdinfo", "--size", "nbds" + server.uri("/c").substring(3) + secure);
        assertThat(hidden).containsAnyOf(NO_EXPORT).isEqualTo(missing.replace("'c'", "'b'"));
        // Without a certificate, and without encryption, there is nothing at all.
        Path bare = Files.createDirectory(folder.resolve("bare"));
        Files.copy(pki.resolve("ca-cert.pem"), bare.resolve("ca-cert.pem"));
        fails(
                "nbdinfo",
                "--size",
                "nbds" + server.uri("/a").substring(3) + secure.replace(pki.toString(), bare.toString()));
        fails("nbdinfo", "--size", server.uri("/a"));
    }

    @Test
    void aSocketLetsInItsGroupAndNobodyElse() throws IOException {
        clients.needs("nbdinfo", "setpriv");
        Program.needs("setpriv");
        if (!"root".equals(System.getProperty("user.name"))) {
            Program.skip("only root can be other users");
        }
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path own = folder.resolve("own");
        server.start(
                "--export",
                "/a",
                "--export",
                "/b,socket=" + own,
                "--export",
                "/a,name=c,group=4712,socket=" + folder.resolve("third"),
                "--socket-group",
                "4711",
                "--socket-mode",
                "0660");
        assertThat(fails(as("--regid=4711", at(folder.resolve("third"), "c"))))
                .containsIgnoringCase("permission denied");
        assertThat(run(as("--regid=4712", at(folder.resolve("third"), "c")))).isEqualTo("16777216\n");
        for (String uri : List.of(server.uri("/a"), at(own, "b"))) {
            String[] stranger = as("--regid=65534", uri);
            String[] member = as("--regid=4711", uri);
            assertThat(fails(stranger)).containsIgnoringCase("permission denied");
            assertThat(run(member)).isEqualTo("16777216\n");
        }
    }

    private String[] as(String group, String uri) {
        return new String[] {"setpriv", "--reuid=65534", group, "--clear-groups", clients.path("nbdinfo"), "--size", uri
        };
    }

    @Test
    void aStaleSocketIsReplacedAndOneInUseIsNot() throws IOException {
        clients.needs("nbdinfo");
        Path own = folder.resolve("own");
        server.start("--export", "/a,socket=" + own);
        server.kill();
        assertThat(own).exists();
        server.start("--export", "/a,socket=" + own);
        assertThat(run("nbdinfo", "--size", at(own, ""))).isEqualTo("16777216\n");
        try (RealServer other =
                new RealServer(Files.createDirectory(folder.resolve("other")), folder.resolve("other/v"), "64M")) {
            assertThat(org.assertj.core.api.Assertions.catchThrowable(
                            () -> other.run("serve", "VOLUME", "--export", "/x,socket=" + own)))
                    .hasMessageContaining("another server listens on " + own);
        }
        assertThat(run("nbdinfo", "--size", at(own, ""))).isEqualTo("16777216\n");
    }
}
