package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A connection through a socket of the system.
 *
 * <p>Invariant: the socket blocks, except within {@link #readNow}.
 */
public final class SocketConnection implements Connection {
    private final SocketChannel socket;

    public SocketConnection(SocketChannel socket) {
        this.socket = socket;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return socket.read(target);
    }

    @Override
    public long read(ByteBuffer target, ByteBuffer next) throws IOException {
        return socket.read(new ByteBuffer[] {target, next});
    }

    @Override
    public int readNow(ByteBuffer target) throws IOException {
        socket.configureBlocking(false);
        try {
            return socket.read(target);
        } finally {
            socket.configureBlocking(true);
        }
    }

    /** Returns when the last byte has found room: a blocking socket takes all, or fails. */
    @Override
    public long write(ByteBuffer[] sources, int first, int count) throws IOException {
        return socket.write(sources, first, count);
    }

    @Override
    public void shutdownInput() throws IOException {
        socket.shutdownInput();
    }

    @Override
    public void shutdownOutput() throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
