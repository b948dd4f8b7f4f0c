package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Restarts the server, kills it, and starts it of another version's files, again and again, under a QEMU client that reconnects: the client
 * gets no error.
 */
@Tag("slow")
@Timeout(600)
class RestartTest {
    private static final int RESTARTS = Integer.getInteger("holdfast.restarts", 6);
    private static final int WRITES_BETWEEN = 3000;
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final int WRITES_MAX = 150_000;

    @TempDir
    private Path folder;

    @Test
    void aQemuClientGoesThroughRestarts() throws Exception {
        Program.needs("qemu-img");
        try (RealServer server = new RealServer(folder, "256M")) {
            server.run("create", "VOLUME", "/disk", "--size", "64M");
            server.start();
            Path said = folder.resolve("bench.txt");
            String upgraded = copyOfClasses();
            Process bench = new ProcessBuilder(
                            "qemu-img",
                            "bench",
                            "-w",
                            "-d",
                            "64",
                            "-c",
                            Integer.toString(WRITES_MAX),
                            "-t",
                            "none",
                            "--image-opts",
                            "driver=raw,file.driver=nbd,file.server.type=unix,file.server.path=" + server.socket()
                                    + ",file.export=disk,file.reconnect-delay=60")
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();
            int restarts = 0;
            try {
                while (restarts < RESTARTS && bench.isAlive()) {
                    while (blocksWritten(server) < WRITES_BETWEEN && bench.isAlive()) {
                        LockSupport.parkNanos(POLL_NANOS);
                    }
                    if (bench.isAlive()) {
                        switch (restarts % 3) {
                            case 0 -> {
                                assertThat(server.stop()).as(server.log()).isZero();
                                server.start();
                            }
                            case 1 -> {
                                server.kill();
                                server.start();
                            }
                            default -> {
                                assertThat(server.stop()).as(server.log()).isZero();
                                server.startFrom(upgraded);
                            }
                        }
                        restarts++;
                    }
                }
                assertThat(bench.waitFor(5, TimeUnit.MINUTES)).isTrue();
                assertThat(bench.exitValue()).as(Files.readString(said)).isZero();
                assertThat(Files.readString(said)).doesNotContain("rror");
                assertThat(restarts).isEqualTo(RESTARTS);
                System.out.println(restarts + " restarts, kills and upgrades under 64 writes in flight, no error");
            } finally {
                bench.destroyForcibly();
            }
            assertThat(server.stop()).isZero();
            server.assertClean();
        }
    }

    /** Copies the jars and folders of the class path to other places, as another version has them; returns that class path. */
    private String copyOfClasses() throws IOException {
        StringBuilder copy = new StringBuilder();
        Path target = Files.createDirectory(folder.resolve("upgraded"));
        int number = 0;
        for (String entry : System.getProperty("java.class.path").split(":")) {
            Path place = target.resolve(number++ + "-" + Path.of(entry).getFileName());
            Program.run(folder, "cp", "-r", entry, place.toString());
            copy.append(copy.isEmpty() ? "" : ":").append(place);
        }
        return copy.toString();
    }

    /** Returns how many blocks were written since the server was started, without those overwritten in memory. */
    private static long blocksWritten(RealServer server) throws IOException {
        long dirty = server.run("df", "VOLUME").path("dirty_bytes").asLong();
        return dirty / 4096
                + server.run("info", "VOLUME")
                        .path("counters")
                        .path("stable_copies")
                        .asLong();
    }
}
