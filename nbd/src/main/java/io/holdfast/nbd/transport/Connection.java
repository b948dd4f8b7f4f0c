package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Two streams of bytes, one from the peer and one to it: all that a session needs to know of a socket. Each stream has
 * room for some bytes that the other end has not taken yet.
 *
 * <p>At most one thread reads and at most one writes at a time; the two may do so at once. Any thread may call the other
 * methods at any time.
 */
public interface Connection {
    /**
     * Reads what is there, and waits for at least one byte if {@code target} has room.
     *
     * @return the number of bytes; -1 at the end of the stream, or after {@link #shutdownInput}
     * @throws java.nio.channels.ClosedChannelException if this end is closed, also if that happens while this waits
     * @throws IOException if the connection broke
     */
    int read(ByteBuffer target) throws IOException;

    /** Reads as {@link #read(ByteBuffer)}, first into {@code target} and then into {@code next}, by one call. */
    long read(ByteBuffer target, ByteBuffer next) throws IOException;

    /**
     * Reads what is there and never waits. For the reading thread, while no thread writes.
     *
     * @return the number of bytes, 0 if none is there now; -1 at the end of the stream
     * @throws IOException if the connection broke
     */
    int readNow(ByteBuffer target) throws IOException;

    /**
     * Writes at least one byte of {@code count} buffers from {@code first} on, if they have any; waits while the stream
     * has no room.
     *
     * @return the number of bytes
     * @throws java.nio.channels.ClosedChannelException if this end is closed, also if that happens while this waits
     * @throws IOException if the connection broke, or the peer is gone
     */
    long write(ByteBuffer[] sources, int first, int count) throws IOException;

    /** Lets the reading thread see the end of the stream. What is written still reaches the peer. */
    void shutdownInput() throws IOException;

    /** Lets the peer see the end of the stream, behind all that was written. */
    void shutdownOutput() throws IOException;

    /** Returns whether this end has not been closed. */
    boolean isOpen();

    /**
     * Closes this end, and wakes the threads that wait in {@link #read} and {@link #write}. What was written still
     * reaches the peer if everything that came from it has been read. Closing twice is harmless.
     */
    void close() throws IOException;
}
