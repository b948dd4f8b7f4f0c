package io.holdfast.nbd.transport;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class UnixConnectionTest extends ConnectionContract {
    @TempDir
    Path folder;

    @Override
    protected Pair connect() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("socket"));
        try (ServerSocketChannel server =
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address)) {
            SocketChannel client = SocketChannel.open(address);
            return new Pair(new SocketConnection(server.accept()), new SocketConnection(client));
        }
    }
}
