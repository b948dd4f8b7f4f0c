package io.holdfast.cli.image;

import io.holdfast.cli.copy.Source;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;

/**
 * Imports from a stream: reads all of it, up to its end. Some formats can be told by their last bytes alone, so it keeps those, and
 * refuses such an image when it has come to them, before the file has a name.
 */
final class ProbedStream implements Source {
    private static final int CHUNK_BYTES = 64 << 10;

    private final String name;
    private final InputStream in;
    private final ImageFormat format;
    private final boolean raw;
    private final long compressed;
    private final @Nullable HeadedStream counted;
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private final byte[] tail = new byte[ImageProbe.TAIL_BYTES];
    private long position;

    ProbedStream(String name, InputStream in, ImageFormat format, boolean raw, long compressed) {
        this(name, in, format, raw, compressed, null);
    }

    /**
     * Makes a source.
     *
     * @param format what the stream was before it was decompressed
     * @param raw refuse nothing
     * @param compressed how many bytes the stream had before it was decompressed, or -1
     * @param counted counts those that have been read
     */
    ProbedStream(
            String name,
            InputStream in,
            ImageFormat format,
            boolean raw,
            long compressed,
            @Nullable HeadedStream counted) {
        this.name = name;
        this.in = in;
        this.format = format;
        this.raw = raw;
        this.compressed = compressed;
        this.counted = counted;
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
    public long progress(long offset) {
        return counted == null ? offset : counted.position();
    }

    @Override
    public long progressTotal() {
        return counted == null ? -1 : compressed;
    }

    @Override
    public int read(long offset, ByteBuffer target) throws IOException {
        int start = target.position();
        while (target.hasRemaining()) {
            int read = readOnce(Math.min(target.remaining(), CHUNK_BYTES));
            if (read < 0) {
                break;
            }
            keepTail(read);
            target.put(chunk, 0, read);
            position += read;
        }
        return target.position() - start;
    }

    private int readOnce(int length) throws IOException {
        try {
            return in.read(chunk, 0, length);
        } catch (FileSystemException | HoldfastException e) {
            throw e;
        } catch (IOException e) {
            FileSystemException named = new FileSystemException(name, null, e.getMessage());
            named.initCause(e);
            throw named;
        }
    }

    private void keepTail(int read) {
        if (read >= tail.length) {
            System.arraycopy(chunk, read - tail.length, tail, 0, tail.length);
        } else {
            System.arraycopy(tail, read, tail, 0, tail.length - read);
            System.arraycopy(chunk, 0, tail, tail.length - read, read);
        }
    }

    /** Accepts any length: the end of a stream is the end of the file. */
    @Override
    public void finish() throws IOException {
        if (raw || position < tail.length) {
            return;
        }
        ImageFormat found = ImageProbe.ofTail(ByteBuffer.wrap(tail));
        if (found == ImageFormat.RAW) {
            return;
        }
        throw format == ImageFormat.RAW ? Refusal.of(name, found) : Refusal.inside(name, format, found);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
