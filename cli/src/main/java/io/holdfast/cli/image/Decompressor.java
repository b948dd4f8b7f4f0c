package io.holdfast.cli.image;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import io.holdfast.error.HoldfastException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.tukaani.xz.MemoryLimitException;
import org.tukaani.xz.XZInputStream;

/**
 * Decompresses a stream, with all members or frames that are in it one behind the other. Every error names the file, also that of a
 * stream which was cut off.
 */
final class Decompressor extends BulkStream {
    /** What a dictionary may need. {@code xz -9} needs 65 MiB to decompress. */
    private static final int XZ_KIB_MAX = 256 << 10;
    /** The logarithm of the largest window: 128 MiB, as the command zstd takes without further options. */
    private static final int ZSTD_WINDOW_LOG_MAX = 27;

    /** What the library answers for a larger one. */
    private static final long ZSTD_WINDOW_TOO_LARGE = 16;

    private final String name;
    private final ImageFormat format;
    private final InputStream in;

    private Decompressor(String name, ImageFormat format, InputStream in) {
        this.name = name;
        this.format = format;
        this.in = in;
    }

    /** Begins to decompress {@code from}, which is closed with this. */
    static InputStream open(String name, ImageFormat format, InputStream from) throws IOException {
        try {
            return new Decompressor(
                    name,
                    format,
                    switch (format) {
                        case GZIP -> new GzipStream(from);
                        case XZ -> new XZInputStream(from, XZ_KIB_MAX);
                        case BZIP2 -> new BZip2CompressorInputStream(from, true);
                        case ZSTD -> new ZstdInputStream(from).setLongMax(ZSTD_WINDOW_LOG_MAX);
                        default -> throw new IllegalArgumentException(format.title());
                    });
        } catch (IOException e) {
            throw named(name, format, e);
        }
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        try {
            return in.read(bytes, from, length);
        } catch (IOException e) {
            throw named(name, format, e);
        } catch (RuntimeException e) {
            // The decompressors find some nonsense only by running into it.
            throw named(name, format, new IOException("its contents make no sense", e));
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private static IOException named(String name, ImageFormat format, IOException failure) {
        if (failure instanceof FileSystemException || failure instanceof HoldfastException) {
            return failure;
        }
        boolean window = failure instanceof ZstdIOException zstd && zstd.getErrorCode() == ZSTD_WINDOW_TOO_LARGE;
        if (window || failure instanceof MemoryLimitException) {
            return Refusal.needsMemory(name, format);
        }
        FileSystemException named = new FileSystemException(
                name,
                null,
                "is " + format.title() + ", and damaged or cut off: " + why(failure)
                        + "; to take its bytes as they are, use --format raw");
        named.initCause(failure);
        return named;
    }

    private static String why(IOException failure) {
        if (failure instanceof EOFException) {
            return "it ends too early";
        }
        String message = failure.getMessage();
        return message == null || message.isBlank() ? "its contents make no sense" : message;
    }
}
