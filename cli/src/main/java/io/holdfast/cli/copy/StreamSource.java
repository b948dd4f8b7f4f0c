package io.holdfast.cli.copy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** Imports from a pipe: reads all of it, up to its end. */
final class StreamSource implements Source {
    private final String name;
    private final ReadableByteChannel channel;

    StreamSource(String name, ReadableByteChannel channel) {
        this.name = name;
        this.channel = channel;
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
            try {
                read = channel.read(target);
            } catch (IOException e) {
                throw IoFailures.named(name, e);
            }
        }
        return target.position() - start;
    }

    /** Accepts any length: the end of a stream is the end of the file. */
    @Override
    public void finish() {}

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
