package io.holdfast.cli.peer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that takes a connection and says nothing. */
@Timeout(60)
class SilentServerTest {
    @TempDir
    Path folder;

    @Test
    void isNoticed() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("s"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            assertThatThrownBy(() -> NbdClient.connectToRead(address, "", 50))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("has not answered");
        }
    }
}
