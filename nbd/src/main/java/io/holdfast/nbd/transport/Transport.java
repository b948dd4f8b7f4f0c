package io.holdfast.nbd.transport;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import tlschannel.HeapBufferAllocator;
import tlschannel.ServerTlsChannel;
import tlschannel.TlsChannel;

/**
 * The bytes of one connection, plain or encrypted; the rest of the server does not see the difference.
 *
 * <p>Invariants: at most one thread reads and at most one thread writes at a time; the two may do so at once. The
 * reading thread changes to TLS, while nobody writes. Any thread may call {@link #abort} at any time; it wakes the
 * blocked threads.
 */
public final class Transport implements Closeable {
    private static final int DRAIN_BYTES = 64 << 10;

    /**
     * Bytes that one call of the system may be given to send. It returns when the last of them has found room, so this is
     * what a peer must take for {@link PeerProgress} to see that it takes anything. It is a longest slice of a payload and
     * the headers that go with it, so nearly all batches of replies are sent by one call.
     */
    private static final int PIECE = (1 << 20) + (64 << 10);

    private final Connection connection;
    private final ReadAhead received;
    private final PeerProgress progress = new PeerProgress();
    private volatile ReadableByteChannel in;
    /** Set when the bytes are encrypted. */
    private volatile @Nullable TlsChannel tls;
    /** What the peer has proven to have, if it was asked. */
    private volatile @Nullable X509Certificate certificate;

    public Transport(Connection connection) {
        this.connection = connection;
        this.received = new ReadAhead(connection);
        this.in = received;
    }

    /** Reads what is there, at least one byte; -1 at the end of the stream. */
    public int read(ByteBuffer target) throws IOException {
        return in.read(target);
    }

    /** Reads as {@link #read(ByteBuffer)}, first into {@code target}; further bytes may go into {@code next}. */
    public long read(ByteBuffer target, ByteBuffer next) throws IOException {
        return encrypted() ? in.read(target) : received.read(target, next);
    }

    /** Writes all of the buffers. */
    public void write(ByteBuffer[] buffers, int count) throws IOException {
        int first = 0;
        while (first < count) {
            if (!buffers[first].hasRemaining()) {
                first++;
            } else {
                progress.beginSending();
                try {
                    writePiece(buffers, first, count);
                } finally {
                    progress.endSending();
                }
            }
        }
    }

    /** Writes some of the buffers from {@code first} to {@code end}, at most {@link #PIECE} bytes. */
    private void writePiece(ByteBuffer[] buffers, int first, int end) throws IOException {
        int left = PIECE;
        int next = first;
        while (next < end && buffers[next].remaining() <= left) {
            left -= buffers[next].remaining();
            next++;
        }
        if (next == end || left == 0) {
            write(buffers, first, next - first);
            return;
        }
        ByteBuffer cut = buffers[next];
        int limit = cut.limit();
        cut.limit(cut.position() + left);
        try {
            write(buffers, first, next + 1 - first);
        } finally {
            cut.limit(limit);
        }
    }

    private void write(ByteBuffer[] buffers, int first, int count) throws IOException {
        TlsChannel channel = tls;
        var ignored = channel == null ? connection.write(buffers, first, count) : channel.write(buffers, first, count);
    }

    /** Returns what the server waits for at this peer. */
    public PeerProgress progress() {
        return progress;
    }

    /** Returns whether the connection has not been closed on this side. */
    public boolean isOpen() {
        return connection.isOpen();
    }

    public boolean encrypted() {
        return tls != null;
    }

    /**
     * Does the server's side of the TLS handshake; from then on everything is encrypted.
     *
     * @throws TlsFailure if it fails; the client has received an alert
     */
    public void startTls(TlsIdentity identity) throws IOException {
        SSLEngine engine = identity.newEngine(identity.context());
        TlsChannel channel = ServerTlsChannel.newBuilder(received, identity.context())
                .withEngineFactory(_ -> engine)
                .withPlainBufferAllocator(new HeapBufferAllocator())
                .withEncryptedBufferAllocator(new HeapBufferAllocator())
                .build();
        try {
            channel.handshake();
        } catch (SSLException e) {
            TlsAlert.send(engine, received);
            throw new TlsFailure(e);
        } catch (IOException e) {
            throw new TlsFailure(e);
        }
        certificate = peerCertificate(engine);
        in = channel;
        tls = channel;
    }

    private static @Nullable X509Certificate peerCertificate(SSLEngine engine) throws TlsFailure {
        try {
            Certificate[] chain = engine.getSession().getPeerCertificates();
            return chain.length > 0 && chain[0] instanceof X509Certificate own
                    ? requireValid(own, Instant.now())
                    : null;
        } catch (SSLPeerUnverifiedException e) {
            return null; // It was not asked for one.
        }
    }

    /** Returns the certificate. A session that is resumed has one that was verified earlier, and that may have expired since. */
    static X509Certificate requireValid(X509Certificate certificate, Instant now) throws TlsFailure {
        if (now.isBefore(certificate.getNotBefore().toInstant())
                || now.isAfter(certificate.getNotAfter().toInstant())) {
            throw new TlsFailure(new SSLException("the client's certificate is not valid at this time"));
        }
        return certificate;
    }

    /** Returns the verified certificate of the peer; null if it was not asked for one. */
    public @Nullable X509Certificate certificate() {
        return certificate;
    }

    /**
     * Returns whether the peer has closed the connection, even if data that nobody has read yet precede the end. For
     * the reading thread, while nobody writes.
     *
     * @param memory supplies memory for these data; null if there is no more, and then the peer counts as connected
     */
    public boolean peerIsGone(Supplier<@Nullable Ahead> memory) {
        return received.endIsNear(memory);
    }

    /**
     * Memory for what is read ahead.
     *
     * @param release gives it back; called by the reading thread, or by the thread that closes
     */
    public record Ahead(ByteBuffer buffer, Runnable release) {}

    /** Tells the peer that nothing more comes; what was sent still reaches it. */
    public void shutdownOutput() {
        try {
            connection.shutdownOutput();
        } catch (IOException e) {
            abort();
        }
    }

    /**
     * Drops what the peer still sends, until the peer closes its end or this transport is aborted. Closing a socket
     * that has unread data resets the connection, and the peer might lose the last bytes sent to it. For the reading
     * thread.
     */
    public void drain() {
        shutdownOutput();
        ByteBuffer rest = ByteBuffer.allocate(DRAIN_BYTES);
        try {
            while (received.read(rest.clear()) >= 0) {
                // Drop it.
            }
        } catch (IOException e) {
            // A broken connection is an end too.
        }
    }

    /** Lets the reading thread see the end of the stream; what is being sent still goes out. */
    public void shutdownInput() {
        try {
            connection.shutdownInput();
        } catch (IOException e) {
            abort();
        }
    }

    /** Drops the connection without ceremony. */
    public void abort() {
        try {
            connection.close();
        } catch (IOException e) {
            // The connection is gone all the same.
        }
    }

    /** Drops the connection, and gives back the memory of data received but not read. For the reading thread. */
    public void discard() {
        abort();
        received.forget();
    }

    /** Ends TLS properly, if it is on, and closes. Blocks while a peer that does not read has its buffers full. */
    @Override
    public void close() {
        try {
            TlsChannel channel = tls;
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // A peer that left first cannot be told.
        } finally {
            discard();
        }
    }
}
