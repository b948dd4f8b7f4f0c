package io.holdfast.nbd.transport;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tlschannel.HeapBufferAllocator;
import tlschannel.ServerTlsChannel;
import tlschannel.TlsChannel;

/**
 * One connection's bytes, plain or encrypted; the rest of the server does not see the difference.
 *
 * <p>Invariants: one thread reads at a time and one thread writes at a time, at once if need be. The change to TLS is
 * made by the reading thread while nobody writes. {@link #abort} may be called by any thread at any time and wakes
 * whoever is blocked.
 */
public final class Transport implements Closeable {
    private static final int DRAIN_BYTES = 64 << 10;

    private final SocketChannel socket;
    private final ReadAhead received;
    private volatile ReadableByteChannel in;
    private volatile GatheringByteChannel out;
    private volatile boolean encrypted;

    public Transport(SocketChannel socket) {
        this.socket = socket;
        this.received = new ReadAhead(socket);
        this.in = received;
        this.out = socket;
    }

    /** Reads what is there, at least one byte; -1 at the end of the stream. */
    public int read(ByteBuffer target) throws IOException {
        return in.read(target);
    }

    /** Reads as {@link #read(ByteBuffer)}, first into {@code target}; what comes behind it may go into {@code next}. */
    public long read(ByteBuffer target, ByteBuffer next) throws IOException {
        return encrypted ? in.read(target) : received.read(target, next);
    }

    /** Writes all of the buffers. */
    public void write(ByteBuffer[] buffers, int count) throws IOException {
        int first = 0;
        while (first < count) {
            if (!buffers[first].hasRemaining()) {
                first++;
            } else {
                var ignored = out.write(buffers, first, count - first);
            }
        }
    }

    public boolean encrypted() {
        return encrypted;
    }

    /**
     * Does the server's side of the TLS handshake; from then on everything is encrypted.
     *
     * @throws TlsFailure if it fails; the client has been told by an alert
     */
    public void startTls(TlsIdentity identity) throws IOException {
        SSLEngine engine = identity.newEngine(identity.context());
        TlsChannel tls = ServerTlsChannel.newBuilder(received, identity.context())
                .withEngineFactory(_ -> engine)
                .withPlainBufferAllocator(new HeapBufferAllocator())
                .withEncryptedBufferAllocator(new HeapBufferAllocator())
                .build();
        try {
            tls.handshake();
        } catch (SSLException e) {
            TlsAlert.send(engine, socket);
            throw new TlsFailure(e);
        } catch (IOException e) {
            throw new TlsFailure(e);
        }
        in = tls;
        out = tls;
        encrypted = true;
    }

    /**
     * Returns whether the peer has closed the connection, even if there are data in front of its end that are not read yet.
     * For the reading thread, while nobody writes.
     *
     * @param memory for what has to be read to see that; null if there is no more, which then counts as not closed
     */
    public boolean peerIsGone(Supplier<@Nullable Ahead> memory) {
        return received.endIsNear(memory);
    }

    /**
     * Memory for what is read ahead.
     *
     * @param release gives it back; called by the reading thread, or by the one that closes
     */
    public record Ahead(ByteBuffer buffer, Runnable release) {}

    /** Tells the peer that nothing more comes; what was sent still reaches it. */
    public void shutdownOutput() {
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            abort();
        }
    }

    /**
     * Throws away what the peer still sends, until it closes its end or this one is aborted. A socket that is closed with data
     * in it would reset the connection, and the peer might not see what was sent to it last. For the reading thread.
     */
    public void drain() {
        shutdownOutput();
        ByteBuffer rest = ByteBuffer.allocate(DRAIN_BYTES);
        try {
            while (received.read(rest.clear()) >= 0) {
                // Nobody wants it.
            }
        } catch (IOException e) {
            // An end as good as the other.
        }
    }

    /** Lets the reading thread see the end of the stream; what is being sent still goes out. */
    public void shutdownInput() {
        try {
            socket.shutdownInput();
        } catch (IOException e) {
            abort();
        }
    }

    /** Drops the connection without ceremony. */
    public void abort() {
        try {
            socket.close();
        } catch (IOException e) {
            // The connection is gone all the same.
        }
    }

    /** Drops the connection, and gives back the memory of what was received and not read. For the reading thread. */
    public void discard() {
        abort();
        received.forget();
    }

    /** Ends TLS properly, if it is on, and closes. Blocks while a peer that does not read has its buffers full. */
    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            // A peer that left first cannot be told.
        } finally {
            discard();
        }
    }
}
