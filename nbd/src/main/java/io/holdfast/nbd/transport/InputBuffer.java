package io.holdfast.nbd.transport;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Bytes received and not yet consumed. One system call usually brings many requests.
 *
 * <p>Invariants: used by the connection's reading thread alone; {@code buffer} is always in reading state, position to
 * limit being what is received and not consumed.
 */
public final class InputBuffer {
    /** Holds the largest option and many requests. */
    public static final int CAPACITY = 256 << 10;

    private final Transport transport;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(CAPACITY);
    private final MemorySegment memory = MemorySegment.ofBuffer(buffer);

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

    /** Returns what {@link #require} brought, as memory that must not be used once it is consumed. */
    public MemorySegment peek(int bytes) {
        return memory.asSlice(buffer.position(), bytes);
    }

    /** Fills {@code target} to its limit; what is not here yet goes from the socket straight into it. */
    public void readFully(ByteBuffer target) throws IOException {
        int here = Math.min(buffer.remaining(), target.remaining());
        target.put(target.position(), buffer, buffer.position(), here);
        target.position(target.position() + here);
        buffer.position(buffer.position() + here);
        while (target.hasRemaining()) {
            if (transport.read(target) < 0) {
                throw new EOFException("the client left in the middle of a payload");
            }
        }
    }

    /** Consumes and forgets. */
    public void skip(long bytes) throws IOException {
        long rest = bytes;
        while (rest > 0) {
            if (!buffer.hasRemaining()) {
                buffer.clear().limit(0);
                fill();
            }
            int here = (int) Math.min(rest, buffer.remaining());
            buffer.position(buffer.position() + here);
            rest -= here;
        }
    }

    private void fill() throws IOException {
        int start = buffer.position();
        int end = buffer.limit();
        buffer.limit(buffer.capacity()).position(end);
        int n = -1;
        try {
            n = transport.read(buffer);
        } finally {
            buffer.limit(end + Math.max(n, 0)).position(start);
        }
        if (n < 0) {
            throw new EOFException("the client left");
        }
    }
}
