package io.holdfast.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InputBufferTest {
    /** Sends {@code bytes} in pieces of random length from another thread and gives the receiving side to the test. */
    private static void with(byte[] bytes, Use use) throws IOException {
        try (ServerSocketChannel server =
                        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                SocketChannel sender = SocketChannel.open(server.getLocalAddress());
                Transport receiver = new Transport(new SocketConnection(server.accept()))) {
            Thread thread = Thread.ofPlatform().start(() -> {
                Random random = new Random(3);
                try {
                    for (int at = 0; at < bytes.length; ) {
                        int length = Math.min(1 + random.nextInt(5000), bytes.length - at);
                        ByteBuffer piece = ByteBuffer.wrap(bytes, at, length);
                        while (piece.hasRemaining()) {
                            sender.write(piece);
                        }
                        at += length;
                    }
                    sender.shutdownOutput();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            use.use(new InputBuffer(receiver));
            thread.join();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private interface Use {
        void use(InputBuffer input) throws IOException;
    }

    @Test
    void givesEveryByteOnceAndInOrder() throws IOException {
        byte[] bytes = new byte[4 << 20];
        new Random(1).nextBytes(bytes);
        with(bytes, input -> {
            Random random = new Random(2);
            int at = 0;
            while (at < bytes.length) {
                int length = Math.min(1 + random.nextInt(random.nextInt(20) == 0 ? 400_000 : 600), bytes.length - at);
                byte[] got = new byte[length];
                switch (random.nextInt(3)) {
                    case 0 -> {
                        ByteBuffer target = ByteBuffer.wrap(got);
                        input.readFully(target);
                    }
                    case 1 -> {
                        input.skip(length);
                        System.arraycopy(bytes, at, got, 0, length);
                    }
                    default -> {
                        length = Math.min(length, 1000);
                        got = new byte[length];
                        input.require(length).get(got);
                    }
                }
                assertThat(ByteBuffer.wrap(got).equals(ByteBuffer.wrap(bytes, at, length)))
                        .isTrue();
                at += length;
            }
            assertThatThrownBy(() -> input.require(1)).isInstanceOf(EOFException.class);
        });
    }

    /** The input of a client that writes much: header, long payload, header, and then short requests again. */
    @Test
    void takesLittleBehindALongPayload() throws IOException {
        byte[] bytes = new byte[8 << 20];
        new Random(5).nextBytes(bytes);
        with(bytes, input -> {
            int at = 0;
            ByteBuffer payload = ByteBuffer.allocateDirect(64 << 10);
            for (int i = 0; i < 50; i++) {
                byte[] header = new byte[28];
                input.require(header.length).get(header);
                assertThat(header).isEqualTo(Arrays.copyOfRange(bytes, at, at + header.length));
                at += header.length;
                input.readFully(payload.clear());
                assertThat(payload.flip()).isEqualTo(ByteBuffer.wrap(bytes, at, payload.capacity()));
                at += payload.capacity();
                // The first header may have come with all that the buffer takes, so some payloads were in it already.
                if (at > InputBuffer.CAPACITY) {
                    assertThat(input.available()).isLessThanOrEqualTo(1 << 10);
                }
            }
            int most = 0;
            while (at < bytes.length) {
                byte[] request = new byte[Math.min(100, bytes.length - at)];
                input.require(request.length).get(request);
                assertThat(request).isEqualTo(Arrays.copyOfRange(bytes, at, at + request.length));
                at += request.length;
                most = Math.max(most, input.available());
            }
            assertThat(most).isGreaterThan(4 << 10);
        });
    }

    @Test
    void theEndComesWhenItIsReached() throws IOException {
        with(new byte[100], input -> {
            input.require(60).position(input.require(60).position() + 60);
            assertThatThrownBy(() -> input.require(41)).isInstanceOf(EOFException.class);
            assertThat(input.require(40).remaining()).isEqualTo(40);
            assertThatThrownBy(() -> input.skip(41)).isInstanceOf(EOFException.class);
        });
        with(
                new byte[10],
                input -> assertThatThrownBy(() -> input.readFully(ByteBuffer.allocate(11)))
                        .isInstanceOf(EOFException.class));
    }
}
