package io.holdfast.bench.peer;

import io.holdfast.bench.fio.FioTarget;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * An idle NBD client. It keeps the disk open between two runs of fio, because Holdfast drops the cached pages of a file
 * that nobody has open.
 */
final class HeldConnection implements AutoCloseable {
    private static final int GREETING_BYTES = 18;
    /** The length of the answer to EXPORT_NAME, size and flags, without the zeroes at its end. */
    private static final int ANSWER_BYTES = 10;

    private static final int FIXED_NEWSTYLE_NO_ZEROES = 3;
    private static final long OPTION_MAGIC = 0x49484156454F5054L;
    private static final int EXPORT_NAME = 1;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final short DISCONNECT = 2;
    private static final int REQUEST_BYTES = 28;

    private final SocketChannel socket;

    private HeldConnection(SocketChannel socket) {
        this.socket = socket;
    }

    static HeldConnection open(FioTarget.Nbd target) throws IOException {
        SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        boolean done = false;
        try {
            socket.connect(UnixDomainSocketAddress.of(target.socket()));
            read(socket, GREETING_BYTES);
            byte[] name = target.export().getBytes(StandardCharsets.UTF_8);
            write(
                    socket,
                    ByteBuffer.allocate(20 + name.length)
                            .putInt(FIXED_NEWSTYLE_NO_ZEROES)
                            .putLong(OPTION_MAGIC)
                            .putInt(EXPORT_NAME)
                            .putInt(name.length)
                            .put(name));
            read(socket, ANSWER_BYTES);
            done = true;
            return new HeldConnection(socket);
        } finally {
            if (!done) {
                socket.close();
            }
        }
    }

    private static void read(SocketChannel socket, int bytes) throws IOException {
        ByteBuffer answer = ByteBuffer.allocate(bytes);
        while (answer.hasRemaining()) {
            if (socket.read(answer) < 0) {
                throw new EOFException("the server has hung up");
            }
        }
    }

    private static void write(SocketChannel socket, ByteBuffer message) throws IOException {
        message.flip();
        while (message.hasRemaining()) {
            if (socket.write(message) < 0) {
                throw new EOFException("the server has hung up");
            }
        }
    }

    /** Disconnects in order. */
    @Override
    public void close() throws IOException {
        try (socket) {
            write(
                    socket,
                    ByteBuffer.allocate(REQUEST_BYTES)
                            .putInt(REQUEST_MAGIC)
                            .putShort((short) 0)
                            .putShort(DISCONNECT)
                            .putLong(0)
                            .putLong(0)
                            .putInt(0));
        } catch (IOException e) {
            // The server has closed the connection first.
        }
    }
}
