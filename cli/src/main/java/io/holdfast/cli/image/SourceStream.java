package io.holdfast.cli.image;

import io.holdfast.cli.copy.Source;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads a source from its begin to its end. At the end it makes sure that this was all. */
final class SourceStream extends BulkStream {
    private final Source source;
    private long position;
    private boolean ended;

    SourceStream(Source source) {
        this.source = source;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        long size = source.size();
        int wanted = size < 0 ? length : (int) Math.min(length, size - position);
        if (length == 0) {
            return 0;
        }
        int read = ended || wanted == 0 ? 0 : source.read(position, ByteBuffer.wrap(bytes, from, wanted));
        position += read;
        if (read == 0) {
            if (!ended) {
                ended = true;
                source.finish();
            }
            return -1;
        }
        return read;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
