package io.holdfast.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@EnabledOnOs(OS.LINUX)
class PeerCredentialsTest {
    @TempDir
    private Path folder;

    private static PeerCredentials own() throws IOException {
        return new PeerCredentials(
                (int) ProcessHandle.current().pid(),
                (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid"),
                (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:gid"));
    }

    @Test
    void tellsTheProcessOfEachOfManyConnectionsAndLeavesThemAsTheyWere() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("s"));
        List<SocketChannel> all = new ArrayList<>();
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address, 8);
            for (int i = 0; i < 20; i++) {
                all.add(SocketChannel.open(address));
                SocketChannel accepted = server.accept();
                all.add(accepted);
                int buffer = accepted.getOption(StandardSocketOptions.SO_RCVBUF);
                assertThat(PeerCredentials.of(accepted)).isEqualTo(Optional.of(own()));
                assertThat(accepted.getOption(StandardSocketOptions.SO_RCVBUF)).isEqualTo(buffer);
            }
        } finally {
            for (SocketChannel channel : all) {
                channel.close();
            }
        }
    }

    /** Another process, so that the number is not just our own. */
    @Test
    void tellsAnotherProcess() throws Exception {
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket), 8);
            Process client = new ProcessBuilder(
                            "python3",
                            "-c",
                            "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)",
                            socket.toString())
                    .start();
            try (SocketChannel accepted = server.accept()) {
                assertThat(PeerCredentials.of(accepted).orElseThrow().pid()).isEqualTo((int) client.pid());
            } finally {
                client.waitFor();
            }
        }
    }
}
