package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The metrics of a real server at a unix socket. */
@Tag("slow")
@Timeout(300)
class MonitoringSocketTest {
    @TempDir
    private Path folder;

    private String curl(String page) throws IOException {
        return Program.run(folder, "curl", "-sS", "--unix-socket", "vms.http", "http://localhost" + page);
    }

    @Test
    void curlReadsItAndTheSocketGoesWithTheServer() throws IOException {
        Program.needs("curl");
        Path socket = folder.resolve("vms.http");
        try (RealServer server = new RealServer(folder, "64M")) {
            server.start("--socket-mode", "0666", "--http", "unix:" + socket + ",mode=0660");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-rw----");
            assertThat(curl("/healthz")).isEqualTo("ok\n");
            assertThat(curl("/metrics")).contains("holdfast_build_info{").endsWith("# EOF\n");
            assertThat(server.stop()).isZero();
        }
        assertThat(socket).doesNotExist();
    }
}
