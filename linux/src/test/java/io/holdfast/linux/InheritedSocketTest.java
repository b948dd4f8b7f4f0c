package io.holdfast.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Sockets that this process made itself, taken over by their descriptors as if it had inherited them. */
@Timeout(60)
@EnabledOnOs(OS.LINUX)
class InheritedSocketTest {
    @TempDir
    private Path folder;

    /** Returns the descriptor of a listening socket. */
    private static int descriptorOf(SocketAddress address) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path path : all.toList()) {
                int descriptor = Integer.parseInt(path.getFileName().toString());
                try {
                    if (InheritedSocket.addressOf(NativeSockets.name(descriptor))
                            .equals(address)) {
                        return descriptor;
                    }
                } catch (IOException e) {
                    // Another descriptor.
                }
            }
        }
        throw new AssertionError("no descriptor of " + address);
    }

    private static void talks(ServerSocketChannel server, SocketAddress address) throws IOException {
        try (SocketChannel client = SocketChannel.open(address)) {
            takes(server, client);
        }
    }

    private static void takes(ServerSocketChannel server, SocketChannel client) throws IOException {
        try (SocketChannel accepted = server.accept()) {
            client.write(ByteBuffer.wrap(new byte[] {42}));
            ByteBuffer received = ByteBuffer.allocate(1);
            assertThat(accepted.read(received)).isEqualTo(1);
            assertThat(received.get(0)).isEqualTo((byte) 42);
        }
    }

    @Test
    void aUnixSocketAcceptsAndOutlivesItsChannels() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("s"));
        try (ServerSocketChannel made = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            made.bind(address);
            InheritedSocket inherited = InheritedSocket.of(descriptorOf(address));
            assertThat(inherited.address()).isEqualTo(address);
            try (ServerSocketChannel first = inherited.open()) {
                talks(first, address);
            }
            // While no channel is open clients wait in the queue.
            try (SocketChannel client = SocketChannel.open(address);
                    ServerSocketChannel second = inherited.open()) {
                takes(second, client);
                talks(second, address);
            }
            assertThat(address.getPath()).exists();
            try (Stream<Path> left = Files.list(folder)) {
                assertThat(left).containsExactly(address.getPath());
            }
        }
    }

    @Test
    void aTcpSocketAccepts() throws IOException {
        try (ServerSocketChannel made = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
            made.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0));
            SocketAddress address = made.getLocalAddress();
            InheritedSocket inherited = InheritedSocket.of(descriptorOf(address));
            assertThat(inherited.address()).isEqualTo(address);
            try (ServerSocketChannel channel = inherited.open()) {
                talks(channel, address);
            }
            try (ServerSocketChannel channel = inherited.open()) {
                talks(channel, address);
            }
        }
    }

    @Test
    void closingEndsAWaitForClients() throws Exception {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("s"));
        try (ServerSocketChannel made = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            made.bind(address);
            ServerSocketChannel channel =
                    InheritedSocket.of(descriptorOf(address)).open();
            AtomicReference<Exception> thrown = new AtomicReference<>();
            CountDownLatch begun = new CountDownLatch(1);
            Thread waiting = Thread.ofPlatform().start(() -> {
                begun.countDown();
                try {
                    channel.accept().close();
                } catch (IOException e) {
                    thrown.set(e);
                }
            });
            begun.await();
            channel.close();
            waiting.join();
            assertThat(thrown.get()).isInstanceOfAny(AsynchronousCloseException.class, IOException.class);
            try (SocketChannel client = SocketChannel.open(address)) {
                assertThat(client.isConnected()).isTrue();
            }
        }
    }

    @Test
    void whatIsNoListeningSocketIsRefusedInWords() throws IOException {
        assertThatIOException().isThrownBy(() -> InheritedSocket.of(1_000_000)).withMessageContaining("no socket");
        Path file = Files.createFile(folder.resolve("f"));
        try (var _ = Files.newByteChannel(file)) {
            assertThatIOException().isThrownBy(() -> InheritedSocket.of(0)).withMessageContaining("it is no s");
        }
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("s"));
        try (ServerSocketChannel made = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            made.bind(address);
            try (SocketChannel client = SocketChannel.open(address);
                    SocketChannel _ = made.accept()) {
                assertThat(client.isConnected()).isTrue();
                assertThatIOException()
                        .isThrownBy(() -> InheritedSocket.addressOf(new byte[] {1, 0}))
                        .withMessageContaining("no path");
            }
        }
    }
}
