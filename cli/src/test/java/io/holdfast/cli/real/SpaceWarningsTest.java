package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import io.holdfast.device.LoopDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A volume that fills, on a host that fills: what its commands show and its server logs. */
@Tag("slow")
@Timeout(300)
class SpaceWarningsTest {
    @TempDir
    private Path folder;

    private HostFileSystem host;

    @BeforeEach
    void mount() throws IOException {
        host = new HostFileSystem(folder, 300);
    }

    @AfterEach
    void unmount() throws IOException {
        if (host != null) {
            host.close();
        }
    }

    @Test
    void aServerLogsAHostAndAVolumeThatFill() throws IOException {
        try (RealServer server = new RealServer(host.path(), "64M")) {
            server.start();
            JsonNode df = server.run("df", "VOLUME");
            assertThat(df.path("warnings")).as(df.toString()).isEmpty();
            long promised = df.path("host").path("promised_bytes").asLong();
            assertThat(promised).isBetween(40L << 20, 64L << 20);

            host.fillUpTo(20);
            df = server.run("df", "VOLUME");
            assertThat(df.path("warnings").findValuesAsString("kind")).containsExactly("host_full", "host_promised");
            assertThat(df.path("host").path("free_bytes").asLong()).isLessThanOrEqualTo(20L << 20);
            server.awaitLog("is 9. % full");
            host.empty();

            Path data = folder.resolve("data");
            Program.run(folder, "dd", "if=/dev/urandom", "of=" + data, "bs=1M", "count=56", "status=none");
            server.run("import", data.toString(), "VOLUME", "/data");
            df = server.run("df", "VOLUME");
            assertThat(df.path("warnings").findValuesAsString("kind")).containsExactly("volume_full");
            assertThat(server.run("info", "VOLUME").path("warnings")).isEqualTo(df.path("warnings"));
            assertThat(df.path("host").path("promised_bytes").asLong()).isLessThan(promised - (50L << 20));
            server.awaitLog("volume.holdfast is (8|9). % full");
            assertThat(server.stop()).isZero();
        }
    }

    /** What a loop device lies on is found, too. */
    @Test
    void aLoopDeviceLiesOnItsFile() throws Exception {
        Path file = host.path().resolve("disk");
        Program.run(folder, "truncate", "-s", "100M", file.toString());
        try (LoopDevice loop = LoopDevice.on(file).orElseThrow();
                RealServer commands = new RealServer(host.path(), "16M")) {
            commands.run("format", loop.node().toString());
            JsonNode df = commands.run("df", loop.node().toString());
            assertThat(df.path("host").path("total_bytes").asLong())
                    .isEqualTo(Files.getFileStore(host.path()).getTotalSpace());
            assertThat(df.path("host").path("promised_bytes").asLong()).isBetween(80L << 20, 100L << 20);
        }
    }
}
