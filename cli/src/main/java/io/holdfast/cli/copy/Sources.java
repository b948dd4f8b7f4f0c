package io.holdfast.cli.copy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Opens the source of an import; for each kind of file so that all of it is read. */
public final class Sources {
    private Sources() {}

    /**
     * A source of bytes as they are.
     *
     * @param device a block device
     */
    public record Plain(Source source, boolean device) {
        /** Reads up to {@code length} bytes beside the import; fewer at the end. The source has a size. */
        public ByteBuffer bytes(long offset, int length) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(length, source.size() - offset));
            source.read(offset, bytes);
            return bytes.flip();
        }
    }

    /**
     * Opens a file, block device or pipe.
     *
     * @param volume the volume that is imported into; it cannot be the source
     */
    public static Plain open(Path file, Path volume) throws IOException {
        HostFileKind kind = HostFileKind.of(file);
        if (Files.exists(volume) && Files.isSameFile(file, volume)) {
            throw new HoldfastException(
                    ErrorCode.INVALID, file + " is the volume itself, which would be read while it is written to");
        }
        return switch (kind) {
            case REGULAR -> new Plain(regular(file), false);
            case BLOCK_DEVICE -> new Plain(FileSource.open(file), true);
            case PIPE -> new Plain(stream(file), false);
            case DIRECTORY -> throw kind.refusal(file, "import takes one file or block device");
            case CHARACTER_DEVICE ->
                throw kind.refusal(
                        file,
                        "it has no size and need not end; import what is wanted of it: head -c SIZE FILE | holdfast"
                                + " import - VOLUME PATH");
            case SOCKET, OTHER -> throw kind.refusal(file, "to read from it, redirect it and import -");
        };
    }

    /** Opens a regular file or block device for reads at any place. */
    public static Source anywhere(Path file) throws IOException {
        return FileSource.open(file);
    }

    /**
     * Opens a regular file. The files of /proc claim to be empty and are not, so a file of size 0 is read to its end.
     */
    private static Source regular(Path file) throws IOException {
        FileSource source = FileSource.open(file);
        if (source.size() > 0) {
            return source;
        }
        source.close();
        return stream(file);
    }

    private static Source stream(Path file) throws IOException {
        try {
            return new StreamSource(file.toString(), FileChannel.open(file, StandardOpenOption.READ));
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            throw IoFailures.named(file.toString(), e);
        }
    }
}
