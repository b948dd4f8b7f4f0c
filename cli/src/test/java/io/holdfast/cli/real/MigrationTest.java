package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A live migration by QEMU: two of its processes have one disk open for writing, and only one writes at a time. */
@Tag("slow")
@Timeout(300)
class MigrationTest {
    private static final String DISK = "disk/virtio-backend";

    @TempDir
    private Path folder;

    private RealServer server;

    @BeforeEach
    void create() throws IOException {
        server = new RealServer(folder, "256M");
        server.run("create", "VOLUME", "/a", "--size", "16M");
    }

    @AfterEach
    void stopAndCheck() throws IOException {
        try (RealServer ending = server) {
            if (ending.wasStarted()) {
                assertThat(ending.stop()).isZero();
                ending.assertClean();
            }
        }
    }

    private Machine machine(String... more) throws IOException {
        List<String> line = new ArrayList<>(List.of("stdbuf", "-o0", "qemu-system-x86_64"));
        line.addAll(List.of("-accel", "tcg", "-M", "q35", "-m", "32", "-nodefaults", "-display", "none"));
        line.addAll(List.of(
                "-blockdev", "driver=nbd,node-name=d,server.type=unix,server.path=" + server.socket() + ",export=a"));
        line.addAll(List.of("-device", "virtio-blk-pci,drive=d,id=disk", "-qmp", "stdio"));
        line.addAll(List.of(more));
        return new Machine(folder, line.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theTargetWritesWhenTheSourceIsGone(boolean exclusive) throws IOException {
        Program.needs("qemu-system-x86_64", "stdbuf");
        server.start("--export", exclusive ? "/a,exclusive" : "/a");
        String way = "unix:" + folder.resolve("migration");
        try (Machine source = machine();
                Machine target = machine("-incoming", way)) {
            source.does(DISK, "write -P 1 0 64k");
            source.execute("{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"" + way + "\"}}");
            target.await("\"RESUME\"");
            target.send(Machine.disk(DISK, "write -P 2 0 4k"));
            if (exclusive) {
                server.awaitLog("writes to 'a' and waits for client");
                source.end();
            }
            Machine.assertDone(target.await("\"return\""));
            target.does(DISK, "write -P 3 1M 4k");
        }
        assertThat(server.log()).doesNotContain("was refused a write");
        if (!exclusive) {
            server.awaitLog("writes to 'a' \\(/a\\) while client .* does, too");
        }
        assertThat(Program.run(
                        folder,
                        "qemu-io",
                        "-r",
                        "-f",
                        "raw",
                        "-c",
                        "read -P 2 0 4k",
                        "-c",
                        "read -P 1 4k 60k",
                        "-c",
                        "read -P 3 1M 4k",
                        server.uri("/a")))
                .doesNotContain("failed");
    }
}
