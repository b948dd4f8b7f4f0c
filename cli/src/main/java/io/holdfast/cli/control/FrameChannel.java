package io.holdfast.cli.control;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;

/**
 * Reads and writes frames. One thread reads and one writes at a time.
 *
 * <p>Invariants: a length is checked against its bound before anything is allocated for it. Once a frame has begun to
 * arrive or to leave, it must be complete within {@link #FRAME_TIME_MAX} or a shorter time, or the channel is closed. Between frames a
 * peer may be silent for any time.
 */
final class FrameChannel implements Closeable {
    static final Duration FRAME_TIME_MAX = Duration.ofSeconds(30);

    private final SocketChannel channel;
    private final Watchdog watchdog;
    private final Duration frameTime;
    private final ByteBuffer header = ByteBuffer.allocate(Frame.HEADER_BYTES);

    FrameChannel(SocketChannel channel, Watchdog watchdog, Duration frameTime) {
        this.channel = channel;
        this.watchdog = watchdog;
        this.frameTime = frameTime;
    }

    /** Waits for the next frame; empty if the peer closed the connection between two frames. */
    Optional<Frame> read() throws IOException {
        header.clear().limit(1);
        if (channel.read(header) < 0) {
            return Optional.empty();
        }
        Future<?> deadline = watchdog.closeAfter(frameTime, channel);
        try {
            return Optional.of(rest());
        } finally {
            deadline.cancel(false);
        }
    }

    private Frame rest() throws IOException {
        header.limit(Frame.HEADER_BYTES);
        fill(header);
        header.flip();
        if (header.getInt() != Frame.MAGIC) {
            throw new FrameException("not a frame of the control protocol, version 1");
        }
        int jsonBytes = bounded(header.getInt(), Frame.JSON_BYTES_MAX, "JSON");
        int dataBytes = bounded(header.getInt(), Frame.DATA_BYTES_MAX, "data");
        byte[] json = new byte[jsonBytes];
        fill(ByteBuffer.wrap(json));
        if (dataBytes == 0) {
            return new Frame(json, Frame.NO_DATA);
        }
        ByteBuffer data = ByteBuffer.allocate(dataBytes);
        fill(data);
        return new Frame(json, data.flip());
    }

    private static int bounded(int length, int max, String what) throws FrameException {
        if (length < 0 || length > max) {
            throw new FrameException(Integer.toUnsignedString(length) + " bytes of " + what + ", at most " + max);
        }
        return length;
    }

    private void fill(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw new EOFException("the connection ended within a frame");
            }
        }
    }

    /** Sends a frame. */
    void write(Frame frame) throws IOException {
        write(frame, frameTime);
    }

    /** Sends a frame, or closes the channel if that takes longer than {@code time}. */
    void write(Frame frame, Duration time) throws IOException {
        if (frame.json().length > Frame.JSON_BYTES_MAX || frame.data().remaining() > Frame.DATA_BYTES_MAX) {
            throw new FrameException("too much for one frame");
        }
        ByteBuffer head = ByteBuffer.allocate(Frame.HEADER_BYTES)
                .putInt(Frame.MAGIC)
                .putInt(frame.json().length)
                .putInt(frame.data().remaining())
                .flip();
        ByteBuffer[] parts = {head, ByteBuffer.wrap(frame.json()), frame.data().duplicate()};
        Future<?> deadline = watchdog.closeAfter(time, channel);
        try {
            while (parts[0].hasRemaining() || parts[1].hasRemaining() || parts[2].hasRemaining()) {
                channel.write(parts);
            }
        } finally {
            deadline.cancel(false);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
