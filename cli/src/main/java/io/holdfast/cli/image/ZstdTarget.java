package io.holdfast.cli.image;

import com.github.luben.zstd.ZstdOutputStream;
import io.holdfast.cli.copy.Target;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/**
 * Exports the bytes of a disk, compressed by zstd with a checksum of its own. Holes are zeroes, of which a GiB becomes some 30 KiB.
 */
public final class ZstdTarget implements Target {
    private static final int CHUNK_BYTES = 64 << 10;

    private final Target file;
    private final ZstdOutputStream compressed;
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private final byte[] zeroes = new byte[CHUNK_BYTES];
    private long position;
    private long written;

    /** Makes a target whose compressed bytes go to {@code file}, which is closed with this. */
    public ZstdTarget(Target file) throws IOException {
        this.file = file;
        this.compressed = new ZstdOutputStream(new ToFile());
        boolean done = false;
        try {
            compressed.setChecksum(true);
            done = true;
        } finally {
            if (!done) {
                compressed.close();
            }
        }
    }

    private final class ToFile extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            file.write(written, ByteBuffer.wrap(bytes, from, length));
            written += length;
        }
    }

    @Override
    public void write(long offset, ByteBuffer data) throws IOException {
        fillTo(offset);
        while (data.hasRemaining()) {
            int length = Math.min(data.remaining(), CHUNK_BYTES);
            data.get(chunk, 0, length);
            compressed.write(chunk, 0, length);
            position += length;
        }
    }

    private void fillTo(long offset) throws IOException {
        while (position < offset) {
            int length = (int) Math.min(CHUNK_BYTES, offset - position);
            compressed.write(zeroes, 0, length);
            position += length;
        }
    }

    @Override
    public void finish(long size) throws IOException {
        fillTo(size);
        compressed.close();
        file.finish(written);
    }

    /**
     * Leaves the compressor as it is: it would wait for a write that hangs, and closing the file is what ends that. The
     * compressor frees its memory when it is collected.
     */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
