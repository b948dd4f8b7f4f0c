package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.demo.RealServer;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The option {@code --io}, tested from outside: a server that uses io_uring has a thread for it. */
@Timeout(120)
class ServeIoTest {
    private static final Path SETTING = Path.of("/proc/sys/kernel/io_uring_disabled");
    /** The kernel keeps 15 characters of a thread's name. */
    private static final String RING_THREAD = "holdfast-ring-v";

    @TempDir
    Path folder;

    private RealServer server;

    @BeforeEach
    void start() throws IOException {
        server = new RealServer(folder, "64M");
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void plainIsWithoutARing() throws IOException {
        server.start("--io", "plain");
        assertThat(threadsOfChildren()).isNotEmpty().doesNotContain(RING_THREAD);
        server.kill();
        server.assertClean();
    }

    @Test
    void uringIsWithOneAndSoIsTheDefault() throws IOException {
        Assumptions.assumeTrue(
                Files.exists(SETTING) && Files.readString(SETTING).strip().equals("0"), "no io_uring here");
        for (List<String> options : List.of(List.of("--io", "uring"), List.<String>of())) {
            server.start(options.toArray(String[]::new));
            assertThat(threadsOfChildren()).contains(RING_THREAD);
            server.kill();
        }
        server.assertClean();
    }

    @Test
    void somethingElseIsRefused() {
        assertThatThrownBy(() -> server.run("serve", "VOLUME", "--nbd", "unix:" + server.socket(), "--io", "fast"))
                .hasMessageContaining("'fast'")
                .hasMessageContaining("auto, uring, plain");
    }

    private static List<String> threadsOfChildren() throws IOException {
        List<String> names = new ArrayList<>();
        for (ProcessHandle child : ProcessHandle.current().children().toList()) {
            Path tasks = Path.of("/proc", Long.toString(child.pid()), "task");
            try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
                for (Path thread : threads) {
                    names.add(Files.readString(thread.resolve("comm")).strip());
                }
            }
        }
        return names;
    }
}
