package io.holdfast.cli.copy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Imports from a regular file, whose holes are not read, or from a block device. */
public final class FileSource implements Source {
    private final FileChannel channel;
    private final HoleSeeker holes;
    private final long size;

    private FileSource(FileChannel channel, HoleSeeker holes) throws IOException {
        this.channel = channel;
        this.holes = holes;
        this.size = channel.size();
    }

    public static FileSource open(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": is a directory; import takes one file or block device");
        }
        return new FileSource(FileChannel.open(file, StandardOpenOption.READ), HoleSeeker.open(file));
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long nextData(long offset) {
        return holes.nextData(offset, size);
    }

    @Override
    public int read(long offset, ByteBuffer target) throws IOException {
        int start = target.position();
        while (target.hasRemaining()) {
            int read = channel.read(target, offset + target.position() - start);
            if (read < 0) {
                break;
            }
        }
        return target.position() - start;
    }

    @Override
    public void close() throws IOException {
        holes.close();
        channel.close();
    }
}
