package io.holdfast.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sockets at every path that an address can have: 107 bytes with its directory. */
class SocketDirectoryTest {
    private static final int LONGEST = 107;

    @TempDir
    private Path folder;

    @BeforeEach
    void needsProc() {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/fd")), "no /proc here");
    }

    private Path socket(int bytes) {
        return folder.resolve("s".repeat(bytes - folder.toString().length() - 1));
    }

    @Test
    void aSocketListensAtEveryLengthThatAnAddressHas() throws IOException {
        for (int bytes = 70; bytes <= LONGEST; bytes++) {
            Path path = socket(bytes);
            UnixSocketFile socket = UnixSocketFile.bind(path, 1);
            try (ServerSocketChannel server = socket.server()) {
                assertThat(path).exists();
                assertThat(folder.toFile().list()).hasSize(1);
                try (SocketChannel client = SocketDirectory.connect(path);
                        SocketChannel accepted = server.accept()) {
                    assertThat(client.isConnected() && accepted.isConnected())
                            .as(bytes + " bytes")
                            .isTrue();
                }
            }
            socket.remove();
            assertThat(folder).isEmptyDirectory();
        }
    }

    @Test
    void aServerThatListensAtALongPathIsNotReplaced() throws IOException {
        UnixSocketFile socket = UnixSocketFile.bind(socket(LONGEST), 8);
        try (ServerSocketChannel _ = socket.server()) {
            assertThatThrownBy(() -> UnixSocketFile.bind(socket(LONGEST), 8))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("another server listens");
        }
        UnixSocketFile.bind(socket(LONGEST), 8).server().close();
    }

    @Test
    void longDirectoriesAreNoObstacleToANewSocketInThem() throws IOException {
        Path deep = Files.createDirectories(folder.resolve("d".repeat(200)).resolve("e".repeat(200)));
        try (SocketDirectory directory = SocketDirectory.of(deep, "s")) {
            assertThat(directory.address("s").toString().length()).isLessThan(30);
            assertThat(Files.isSameFile(directory.address("s").getPath().getParent(), deep))
                    .isTrue();
        }
    }
}
