package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A connection that can find out whether its peer has closed it. Data that the peer sent before it died precede
 * the end of the stream, so they must be received first. They are kept here and read later.
 *
 * <p>Invariant: {@code ahead} holds, in order, what was received and not yet read; only the reading thread uses it.
 */
final class ReadAhead implements ByteChannel {
    private final Connection connection;
    /** A linked queue stays consistent when an allocation fails. */
    private final ConcurrentLinkedQueue<Transport.Ahead> ahead = new ConcurrentLinkedQueue<>();

    ReadAhead(Connection connection) {
        this.connection = connection;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        Transport.Ahead chunk = ahead.peek();
        if (chunk == null) {
            return connection.read(target);
        }
        ByteBuffer from = chunk.buffer();
        int n = Math.min(from.remaining(), target.remaining());
        target.put(target.position(), from, from.position(), n);
        target.position(target.position() + n);
        from.position(from.position() + n);
        if (!from.hasRemaining()) {
            ahead.remove();
            chunk.release().run();
        }
        return n;
    }

    /** Reads into two buffers, with one system call where possible. */
    long read(ByteBuffer target, ByteBuffer next) throws IOException {
        return ahead.isEmpty() ? connection.read(target, next) : read(target);
    }

    /**
     * Receives all that is there, and returns whether the end of the stream or an error follows. For the reading
     * thread, while nobody writes ({@link Connection#readNow}).
     *
     * @param memory null when there is no more; the end of the stream is then not found, and this returns false
     */
    boolean endIsNear(Supplier<Transport.@Nullable Ahead> memory) {
        try {
            return fillToTheEnd(memory);
        } catch (IOException e) {
            return true;
        }
    }

    private boolean fillToTheEnd(Supplier<Transport.@Nullable Ahead> memory) throws IOException {
        for (Transport.Ahead chunk = memory.get(); chunk != null; chunk = memory.get()) {
            int n = 0;
            try {
                do {
                    n = connection.readNow(chunk.buffer());
                } while (n > 0);
            } finally {
                keep(chunk);
            }
            // A read into a full buffer returns 0 as well.
            if (n < 0 || chunk.buffer().limit() < chunk.buffer().capacity()) {
                return n < 0;
            }
        }
        return false;
    }

    private void keep(Transport.Ahead chunk) {
        boolean kept = false;
        try {
            kept = chunk.buffer().flip().hasRemaining() && ahead.add(chunk);
        } finally {
            if (!kept) {
                chunk.release().run();
            }
        }
    }

    /** Gives the memory back. */
    void forget() {
        for (Transport.Ahead chunk = ahead.poll(); chunk != null; chunk = ahead.poll()) {
            chunk.release().run();
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return (int) connection.write(new ByteBuffer[] {source}, 0, 1);
    }

    @Override
    public boolean isOpen() {
        return connection.isOpen();
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
