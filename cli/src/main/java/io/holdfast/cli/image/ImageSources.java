package io.holdfast.cli.image;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.copy.Source;
import io.holdfast.cli.copy.Sources;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Opens the source of an import: finds out by its contents what it is, and gives the plain bytes. */
public final class ImageSources {
    private final boolean raw;
    private final Cancellation.Guard guard;

    /**
     * Makes the way to sources.
     *
     * @param raw take all bytes as they are, whatever they look like
     * @param guard ends what helps, and cuts connections, if the command does not end by itself
     */
    public ImageSources(boolean raw, Cancellation.Guard guard) {
        this.raw = raw;
        this.guard = guard;
    }

    /**
     * A source, and what it is.
     *
     * @param format as {@code --json} prints it: {@code raw}, or the format that is taken apart
     */
    public record Opened(Source source, String format) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            source.close();
        }
    }

    /** Opens standard input. */
    public Opened standardInput(InputStream in) throws IOException {
        return stream("standard input", in, -1);
    }

    /**
     * Opens a file, block device or pipe.
     *
     * @param volume the volume that is imported into; it cannot be the source
     */
    public Opened open(Path file, Path volume) throws IOException {
        Sources.Plain plain = Sources.open(file, volume);
        boolean done = false;
        try {
            Opened opened = raw ? new Opened(plain.source(), ImageFormat.RAW.title()) : open(file, plain);
            done = true;
            return opened;
        } finally {
            if (!done) {
                plain.source().close();
            }
        }
    }

    private Opened open(Path file, Sources.Plain plain) throws IOException {
        Source source = plain.source();
        Optional<ImageFormat> promised = ImageFormat.ofName(file.toString());
        if (source.size() < 0) {
            // An empty file is read as a pipe is.
            if (promised.isPresent() && Files.isRegularFile(file)) {
                throw Refusal.isNone(file.toString(), promised.get());
            }
            return stream(file.toString(), new SourceStream(source), -1);
        }
        ImageFormat format = ImageProbe.ofHead(plain.bytes(0, ImageProbe.HEAD_BYTES));
        if (format == ImageFormat.RAW && source.size() >= ImageProbe.TAIL_BYTES) {
            format = ImageProbe.ofTail(plain.bytes(source.size() - ImageProbe.TAIL_BYTES, ImageProbe.TAIL_BYTES));
        }
        if (format == ImageFormat.RAW && promised.isPresent()) {
            throw Refusal.isNone(file.toString(), promised.get());
        }
        return switch (format.way()) {
            case PLAIN -> new Opened(source, format.title());
            case CONVERT -> {
                source.close();
                yield new Opened(QemuImage.open(file, format, plain.device(), guard), format.title());
            }
            case DECOMPRESS -> stream(file.toString(), new SourceStream(source), source.size());
            case PIPE, UNPACK, FIRST_CONVERT, UNLOCK -> throw Refusal.of(file.toString(), format);
        };
    }

    private Opened stream(String name, InputStream in, long compressed) throws IOException {
        if (raw) {
            return new Opened(new ProbedStream(name, in, ImageFormat.RAW, true, compressed), ImageFormat.RAW.title());
        }
        HeadedStream headed = new HeadedStream(in);
        ImageFormat format = ImageProbe.ofHead(headed.head());
        return switch (format.way()) {
            case PLAIN -> new Opened(new ProbedStream(name, headed, format, false, compressed), format.title());
            case DECOMPRESS -> new Opened(decompressed(name, headed, format, compressed), format.title());
            case CONVERT, PIPE, UNPACK, FIRST_CONVERT, UNLOCK -> throw Refusal.of(name, format);
        };
    }

    private static Source decompressed(String name, HeadedStream headed, ImageFormat outer, long compressed)
            throws IOException {
        HeadedStream plain = new HeadedStream(Decompressor.open(name, outer, headed));
        ImageFormat inner = ImageProbe.ofHead(plain.head());
        if (inner.way() != ImageFormat.Way.PLAIN) {
            throw Refusal.inside(name, outer, inner);
        }
        return new ProbedStream(name, plain, outer, false, compressed, headed);
    }
}
