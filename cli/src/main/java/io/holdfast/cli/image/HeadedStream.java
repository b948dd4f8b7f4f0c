package io.holdfast.cli.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** A stream whose begin can be looked at before it is read. Counts what was read of it. */
final class HeadedStream extends BulkStream {
    private final InputStream in;
    private final byte[] head;
    private int given;
    private long position;

    /** Waits for the begin, or for the end if that comes first. */
    HeadedStream(InputStream in) throws IOException {
        this.in = in;
        this.head = in.readNBytes(ImageProbe.HEAD_BYTES);
    }

    ByteBuffer head() {
        return ByteBuffer.wrap(head).asReadOnlyBuffer();
    }

    /** Returns how many bytes were read. */
    long position() {
        return position;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        int read;
        if (given < head.length && length > 0) {
            read = Math.min(length, head.length - given);
            System.arraycopy(head, given, bytes, from, read);
            given += read;
        } else {
            read = in.read(bytes, from, length);
        }
        position += Math.max(read, 0);
        return read;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
