package io.holdfast.cli.copy;

import io.holdfast.cli.text.Sizes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Imports from a regular file, whose holes are not read, or from a block device.
 *
 * <p>Invariant: exactly {@link #size} bytes are read. {@link #finish} fails if the file has another size by then.
 */
final class FileSource implements Source {
    private final Path file;
    private final FileChannel channel;
    private final Optional<NativeFile> holes;
    private final long size;

    private FileSource(Path file, FileChannel channel, Optional<NativeFile> holes, long size) {
        this.file = file;
        this.channel = channel;
        this.holes = holes;
        this.size = size;
    }

    static FileSource open(Path file) throws IOException {
        Optional<NativeFile> holes = NativeFile.read(file);
        FileChannel channel = null;
        boolean done = false;
        try {
            // Open through the descriptor, since the path may lead to another file by now.
            channel = FileChannel.open(holes.map(NativeFile::path).orElse(file), StandardOpenOption.READ);
            FileSource source = new FileSource(file, channel, holes, channel.size());
            done = true;
            return source;
        } finally {
            if (!done) {
                holes.ifPresent(NativeFile::close);
                if (channel != null) {
                    channel.close();
                }
            }
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long nextData(long offset) {
        return offset >= size
                ? offset
                : holes.map(h -> h.nextData(offset, size)).orElse(offset);
    }

    @Override
    public int read(long offset, ByteBuffer target) throws IOException {
        int start = target.position();
        while (target.hasRemaining()) {
            int read = readOnce(target, offset + target.position() - start);
            if (read < 0) {
                throw changed(offset + target.position() - start);
            }
        }
        return target.position() - start;
    }

    private int readOnce(ByteBuffer target, long position) throws IOException {
        try {
            return channel.read(target, position);
        } catch (IOException e) {
            throw IoFailures.named(file.toString(), e);
        }
    }

    @Override
    public void finish() throws IOException {
        long now = channel.size();
        if (now != size) {
            throw changed(now);
        }
        if (readOnce(ByteBuffer.allocate(1), size) > 0) {
            throw new FileSystemException(file.toString(), null, "has more than the " + Sizes.exact(size) + " it says");
        }
    }

    private FileSystemException changed(long bytes) {
        return new FileSystemException(
                file.toString(),
                null,
                "had " + Sizes.exact(size) + " and ended after " + Sizes.exact(bytes)
                        + ", so it changed meanwhile or is no ordinary file;"
                        + " stop what writes to it, or copy what it has to give: cat FILE | holdfast import - …");
    }

    @Override
    public void close() throws IOException {
        holes.ifPresent(NativeFile::close);
        channel.close();
    }
}
