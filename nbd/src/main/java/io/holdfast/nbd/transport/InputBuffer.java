package io.holdfast.nbd.transport;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Bytes received and not yet consumed. One system call usually brings many requests.
 *
 * <p>A long payload bypasses this buffer. One scattering read receives the payload into its own memory, and a little of
 * what follows, the header of the next request, into this buffer. So when a client sends one long payload after the
 * other, each costs one system call and is copied once, by the kernel.
 *
 * <p>Invariants: only the connection's reading thread uses this. {@code buffer} is always ready for reading: position
 * to limit is what is received and not consumed. While this waits for a payload, {@link PeerProgress} says so; a wait for
 * the next header is none of a peer that owes something.
 */
public final class InputBuffer implements AutoCloseable {
    /** Holds the largest option and many requests. */
    public static final int CAPACITY = 256 << 10;

    /** A payload of this many bytes is long; it never goes to the engine from this buffer. */
    private static final int LONG_PAYLOAD = 64 << 10;

    /** How much to receive behind a long payload: some headers, and not much of another long payload. */
    private static final int AHEAD = 1 << 10;

    private final Transport transport;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(CAPACITY);
    private final ByteBuffer buffer = memory.asByteBuffer();
    /** How much to ask for at a time: little after a long payload, and soon more again if no other follows. */
    private int fillMax = CAPACITY;

    public InputBuffer(Transport transport) {
        this.transport = transport;
        buffer.limit(0);
    }

    /** Returns how many bytes can be had without waiting. */
    public int available() {
        return buffer.remaining();
    }

    /**
     * Waits until {@code bytes} are there and returns the buffer, positioned at them. The caller consumes exactly as
     * many.
     */
    public ByteBuffer require(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            if (buffer.capacity() - buffer.position() < bytes || !buffer.hasRemaining()) {
                buffer.compact().flip();
            }
            while (buffer.remaining() < bytes) {
                fill();
            }
        }
        return buffer;
    }

    /** Returns what {@link #require} brought, as a segment; it must not be used after the bytes are consumed. */
    public MemorySegment peek(int bytes) {
        return memory.asSlice(buffer.position(), bytes);
    }

    /** Fills {@code target} to its limit. Bytes that have not arrived yet go straight from the socket into it. */
    public void readFully(ByteBuffer target) throws IOException {
        boolean payloadIsLong = target.remaining() >= LONG_PAYLOAD;
        int here = Math.min(buffer.remaining(), target.remaining());
        target.put(target.position(), buffer, buffer.position(), here);
        target.position(target.position() + here);
        buffer.position(buffer.position() + here);
        if (target.hasRemaining()) {
            transport.progress().beginReceiving();
            try {
                receive(target, payloadIsLong);
            } finally {
                transport.progress().endReceiving();
            }
        }
        if (payloadIsLong) {
            fillMax = AHEAD;
        }
    }

    private void receive(ByteBuffer target, boolean payloadIsLong) throws IOException {
        while (target.hasRemaining()) {
            long n = payloadIsLong ? receiveAhead(target) : transport.read(target);
            if (n < 0) {
                throw new EOFException("the client left in the middle of a payload");
            }
            transport.progress().received();
        }
    }

    /** Receives into {@code target} and, if that becomes full, into the empty buffer. */
    private long receiveAhead(ByteBuffer target) throws IOException {
        buffer.clear().limit(AHEAD);
        try {
            return transport.read(target, buffer);
        } finally {
            buffer.flip();
        }
    }

    /** Consumes {@code bytes} of payload and drops them. */
    public void skip(long bytes) throws IOException {
        long rest = bytes - drop(bytes);
        if (rest > 0) {
            transport.progress().beginReceiving();
            try {
                while (rest > 0) {
                    buffer.clear().limit(0);
                    fill();
                    transport.progress().received();
                    rest -= drop(rest);
                }
            } finally {
                transport.progress().endReceiving();
            }
        }
    }

    /** Drops up to {@code bytes} that have been received, and returns how many. */
    private int drop(long bytes) {
        int here = (int) Math.min(bytes, buffer.remaining());
        buffer.position(buffer.position() + here);
        return here;
    }

    private void fill() throws IOException {
        int start = buffer.position();
        int end = buffer.limit();
        buffer.limit(Math.min(buffer.capacity(), end + fillMax)).position(end);
        fillMax = Math.min(CAPACITY, 2 * fillMax);
        int n = -1;
        try {
            n = transport.read(buffer);
        } finally {
            buffer.limit(end + Math.max(n, 0)).position(start);
        }
        if (n < 0) {
            throw new EOFException(end > start ? "the client left in the middle of a message" : "the client left");
        }
    }

    /** Gives the memory back to the system at once. Nobody may use it any more. */
    @Override
    public void close() {
        arena.close();
    }
}
