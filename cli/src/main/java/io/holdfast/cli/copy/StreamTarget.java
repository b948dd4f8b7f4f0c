package io.holdfast.cli.copy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;

/** Exports to a pipe: holes are written out as zeroes. The stream stays open. */
public final class StreamTarget implements Target {
    private static final int ZERO_BYTES = 1 << 16;

    private final OutputStream stream;
    private final WritableByteChannel channel;
    private final ByteBuffer zeroes = ByteBuffer.allocateDirect(ZERO_BYTES);
    private long position;

    public StreamTarget(OutputStream stream) {
        this.stream = stream;
        this.channel = Channels.newChannel(stream);
    }

    @Override
    public void write(long offset, ByteBuffer data) throws IOException {
        fillTo(offset);
        position += data.remaining();
        put(data);
    }

    private void fillTo(long offset) throws IOException {
        while (position < offset) {
            zeroes.clear().limit((int) Math.min(ZERO_BYTES, offset - position));
            position += zeroes.remaining();
            put(zeroes);
        }
    }

    private void put(ByteBuffer data) throws IOException {
        while (data.hasRemaining()) {
            channel.write(data);
        }
        if (stream instanceof PrintStream printer && printer.checkError()) {
            throw new IOException("nobody reads the output any more");
        }
    }

    @Override
    public void finish(long size) throws IOException {
        fillTo(size);
        stream.flush();
    }

    @Override
    public void close() {}
}
