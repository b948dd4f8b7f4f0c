package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.peer.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands that would take away a file that a client of the server has in use. */
@Timeout(180)
class ServedFilesInUseTest {
    private static final int SIZE = 16 << 20;

    @TempDir
    Path folder;

    private RealServer server;
    private Path image;

    @BeforeEach
    void start() throws IOException {
        image = folder.resolve("image");
        Files.write(image, new byte[8 << 20]);
        server = new RealServer(folder, "256M");
        server.run("mkdir", "VOLUME", "/vms");
        for (String disk : List.of("/vms/d", "/vms/e", "/vms/other")) {
            server.run("create", "VOLUME", disk, "--size", "16M");
        }
        server.start();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private NbdClient connect(String disk) throws IOException {
        return NbdClient.connect(server.socket(), disk);
    }

    private void assertRefused(String... command) {
        assertThatThrownBy(() -> server.run(command))
                .hasMessageContaining("ended with status 13")
                .hasMessageContaining("\"error\":\"IN_USE\"")
                .hasMessageContaining("/vms/d")
                .hasMessageContaining(", which runs as user")
                .hasMessageContaining("--disconnect");
    }

    private long size(String disk) throws IOException {
        return server.run("stat", "VOLUME", disk).path("size_bytes").asLong();
    }

    @Test
    void whatAClientHasOpenIsNotPulledAway() throws IOException {
        try (NbdClient client = connect("/vms/d")) {
            // The client has sent no request: it keeps the file, but not yet its size.
            assertRefused("rm", "VOLUME", "/vms/d");
            assertRefused("rm", "-f", "VOLUME", "/vms/d");
            assertRefused("rm", "-r", "VOLUME", "/vms");
            assertRefused("mv", "--force", "VOLUME", "/vms/other", "/vms/d");
            assertRefused("mv", "VOLUME", "/vms/d", "/elsewhere");
            assertRefused("mv", "VOLUME", "/vms", "/elsewhere");
            assertRefused("import", "--force", image.toString(), "VOLUME", "/vms/d");
            server.run("resize", "VOLUME", "/vms/d", "--size", "12M", "--shrink");
            client.read(0, ByteBuffer.allocate(4096));
            assertRefused("resize", "VOLUME", "/vms/d", "--size", "4M", "--shrink");
            server.run("resize", "VOLUME", "/vms/d", "--size", "16M");
            ByteBuffer data = ByteBuffer.wrap(new byte[4096]);
            data.put(0, (byte) 9);
            client.sendWrite(8 << 20, data);
            client.awaitReplies(1);
            client.flush();
        }
        assertThat(size("/vms/d")).isEqualTo(SIZE);
        assertThat(size("/vms/e")).isEqualTo(SIZE);
        Path copy = folder.resolve("copy");
        server.run("export", "VOLUME", "/vms/d", copy.toString());
        assertThat(Files.readAllBytes(copy)[8 << 20]).isEqualTo((byte) 9);
    }

    /** Runs a command on the file of a client that has sent requests; expects that the client is cut off. */
    private void cutsOff(String... command) throws IOException {
        try (NbdClient client = connect("/vms/d");
                NbdClient idle = connect("/vms/d")) {
            client.sendWrite(0, ByteBuffer.allocate(4096));
            client.awaitReplies(1);
            var users = server.run(command).path("cut_off");
            assertThat(users.size()).isEqualTo(2);
            assertThat(users.path(0).path("user").stringValue()).startsWith("NBD client ");
            assertThat(users.path(0).path("path").stringValue()).isEqualTo("/vms/d");
            assertThatThrownBy(() -> client.read(0, ByteBuffer.allocate(4096))).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> idle.read(0, ByteBuffer.allocate(4096))).isInstanceOf(IOException.class);
        } catch (IOException goodbye) {
            // A client cannot say goodbye on a connection that was closed.
            assertThat(goodbye).hasMessageNotContaining("status");
        }
    }

    @Test
    void clientsAreCutOffFirstIfAskedTo() throws IOException {
        cutsOff("resize", "VOLUME", "/vms/d", "--size", "4M", "--shrink", "--force");
        assertThat(size("/vms/d")).isEqualTo(4 << 20);
        cutsOff("import", "--force", "--disconnect", image.toString(), "VOLUME", "/vms/d");
        assertThat(size("/vms/d")).isEqualTo(8 << 20);
        cutsOff("mv", "--force", "--disconnect", "VOLUME", "/vms/other", "/vms/d");
        assertThat(size("/vms/d")).isEqualTo(SIZE);
        cutsOff("mv", "--disconnect", "VOLUME", "/vms", "/vms2");
        server.run("mv", "VOLUME", "/vms2", "/vms");
        cutsOff("rm", "--force", "VOLUME", "/vms/d");
        assertThatThrownBy(() -> connect("/vms/d")).hasMessageContaining("does not exist");
        server.run("rm", "-r", "--disconnect", "VOLUME", "/vms");
        server.stop();
        server.assertClean();
    }
}
