package io.holdfast.cli.copy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;

/** Imports from a pipe: all of it is read, and it ends when it ends. */
public final class StreamSource implements Source {
    private final ReadableByteChannel channel;

    public StreamSource(InputStream stream) {
        this.channel = Channels.newChannel(stream);
    }

    @Override
    public long size() {
        return -1;
    }

    @Override
    public long nextData(long offset) {
        return offset;
    }

    @Override
    public int read(long offset, ByteBuffer target) throws IOException {
        int start = target.position();
        int read = 0;
        while (read >= 0 && target.hasRemaining()) {
            read = channel.read(target);
        }
        return target.position() - start;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
