package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * A sparse volume on a host without one free block: all that makes room in the volume still works, so that somebody who
 * can only reach the volume gets out of it.
 */
@Tag("slow")
@Timeout(300)
class FreeingOnFullHostTest {
    private static final long MIB = 1 << 20;
    private static final int ATTEMPTS_MAX = 500;

    @TempDir
    private Path folder;

    private HostFileSystem host;
    private RealServer server;

    static Stream<Arguments> fileSystems() {
        return PreallocateTest.fileSystems();
    }

    @BeforeEach
    void need() {
        Program.needs("qemu-io");
    }

    @AfterEach
    void end() throws IOException {
        if (server != null && server.wasStarted()) {
            server.kill();
        }
        if (host != null) {
            host.close();
        }
    }

    /** Serves a volume with two disks of 40 MiB of data each, on a host that is full to the last block. */
    private void serveOnFullHost(int mib, String[] make) throws IOException {
        host = new HostFileSystem(folder, mib, make);
        server = new RealServer(folder, host.path().resolve("volume.holdfast"), "1G");
        server.run("create", "VOLUME", "/a", "--size", "512M");
        server.run("create", "VOLUME", "/b", "--size", "512M");
        server.start();
        io("/a", "write -P 1 0 40M", "flush").succeeds();
        io("/b", "write -P 2 0 40M", "flush").succeeds();
        host.fill();
    }

    private Program.Result io(String path, String... commands) throws IOException {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-f", "raw", "-t", "none", "-d", "unmap"));
        for (String command : commands) {
            line.addAll(List.of("-c", command));
        }
        line.add(server.uri(path));
        return Program.end(folder, line.toArray(String[]::new));
    }

    private long free() throws IOException {
        JsonNode df = server.run("df", "VOLUME");
        return df.path("free_bytes").asLong() + df.path("pending_bytes").asLong();
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void everythingThatFreesWorks(int mib, String[] make) throws IOException {
        serveOnFullHost(mib, make);
        long before = free();
        io("/a", "discard 0 10M", "flush").succeeds();
        server.run("resize", "VOLUME", "/a", "--size", "30M", "--shrink");
        server.run("rm", "VOLUME", "/b");
        io("/a", "read -P 0 0 10M", "read -P 1 10M 20M").succeeds();
        assertThat(server.stop()).isZero();

        host.empty();
        server.start();
        assertThat(server.list("/")).containsExactly("a");
        io("/a", "read -P 0 0 10M", "read -P 1 10M 20M").succeeds();
        server.assertClean();
        server.assertClean();
        assertThat(free()).isGreaterThan(before + 45 * MIB);
        assertThat(server.stop()).isZero();
    }

    /** Clients that were refused keep nobody from freeing. */
    @ParameterizedTest
    @MethodSource("fileSystems")
    void itWorksAlsoWhenWritersHaveMetTheFullHost(int mib, String[] make) throws IOException {
        serveOnFullHost(mib, make);
        assertThat(io("/a", "write -P 3 50M 200M").fails().output()).contains("No space left on device");
        io("/a", "discard 20M 10M").succeeds();
        removeB();
        io("/a", "read -P 1 0 20M", "read -P 0 20M 10M", "read -P 1 30M 10M").succeeds();
        host.empty();
        writeUntilThereIsRoom();
        server.kill();
        server.start();
        assertThat(server.list("/")).containsExactly("a");
        io("/a", "read -P 4 0 20M", "read -P 0 20M 10M", "read -P 1 30M 10M").succeeds();
        assertThat(server.stop()).isZero();
        server.assertClean();
    }

    /** Removes a file. That all else is durable, too, may be refused: acknowledged data of others waits for room. */
    private void removeB() throws IOException {
        try {
            server.run("rm", "VOLUME", "/b");
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("status 4");
        }
        assertThat(server.list("/")).containsExactly("a");
    }

    /** The server looks for room every 50 ms. */
    private void writeUntilThereIsRoom() throws IOException {
        Program.Result written = io("/a", "write -P 4 0 20M", "flush");
        for (int attempt = 0; written.status() != 0 && attempt < ATTEMPTS_MAX; attempt++) {
            written = io("/a", "write -P 4 0 20M", "flush");
        }
        written.succeeds();
    }

    /** A checkpoint that finds no room waits for it, and keeps nobody waiting who only asks. */
    @ParameterizedTest
    @MethodSource("fileSystems")
    void aCheckThatNeedsACheckpointIsRefusedOrDone(int mib, String[] make) throws IOException {
        serveOnFullHost(mib, make);
        server.run("rm", "VOLUME", "/b");
        try {
            server.assertClean();
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("status 4");
        }
        host.empty();
        writeUntilThereIsRoom();
        server.assertClean();
        assertThat(server.stop()).isZero();
    }
}
