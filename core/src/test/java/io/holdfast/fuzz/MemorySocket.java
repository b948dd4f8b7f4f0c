package io.holdfast.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The server's end of a connection to a peer whose words are known in advance: it has said all of them, then it closes
 * its side. What it is told is kept, up to a bound; then the peer is gone.
 */
public final class MemorySocket extends SocketChannel {
    private static final int RECEIVED_MAX = 4 << 20;

    private final ByteBuffer said;
    private final ReentrantLock lock = new ReentrantLock();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private boolean overflown;
    private volatile boolean inputEnded;

    public MemorySocket(byte[] said) {
        super(SelectorProvider.provider());
        this.said = ByteBuffer.wrap(said);
    }

    /** Returns what the server has sent. */
    public byte[] received() {
        lock.lock();
        try {
            return received.toByteArray();
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the peer left before it was told everything. */
    public boolean overflown() {
        lock.lock();
        try {
            return overflown;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        requireOpen();
        if (inputEnded || !said.hasRemaining()) {
            return target.hasRemaining() ? -1 : 0;
        }
        int count = Math.min(said.remaining(), target.remaining());
        target.put(said.slice(said.position(), count));
        said.position(said.position() + count);
        return count;
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
        return read(targets[offset]);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        requireOpen();
        lock.lock();
        try {
            if (received.size() + source.remaining() > RECEIVED_MAX) {
                overflown = true;
                throw new IOException("the peer has left");
            }
            byte[] bytes = new byte[source.remaining()];
            source.get(bytes);
            received.writeBytes(bytes);
            return bytes.length;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        long written = 0;
        for (int i = offset; i < offset + length; i++) {
            written += write(sources[i]);
        }
        return written;
    }

    @Override
    public SocketChannel shutdownInput() {
        inputEnded = true;
        return this;
    }

    @Override
    public SocketChannel shutdownOutput() {
        return this;
    }

    private void requireOpen() throws ClosedChannelException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
    }

    @Override
    protected void implCloseSelectableChannel() {}

    @Override
    protected void implConfigureBlocking(boolean block) {}

    @Override
    public boolean isConnected() {
        return true;
    }

    @Override
    public boolean isConnectionPending() {
        return false;
    }

    @Override
    public boolean connect(SocketAddress remote) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean finishConnect() {
        throw new UnsupportedOperationException();
    }

    @Override
    public SocketChannel bind(SocketAddress local) {
        throw new UnsupportedOperationException();
    }

    @Override
    public <T> SocketChannel setOption(SocketOption<T> name, T value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public <T> T getOption(SocketOption<T> name) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return Set.of();
    }

    @Override
    public Socket socket() {
        throw new UnsupportedOperationException();
    }

    @Override
    public SocketAddress getRemoteAddress() {
        throw new UnsupportedOperationException();
    }

    @Override
    public SocketAddress getLocalAddress() {
        throw new UnsupportedOperationException();
    }
}
