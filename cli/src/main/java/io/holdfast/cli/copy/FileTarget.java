package io.holdfast.cli.copy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Exports to a sparse file, or over a block device.
 *
 * <p>Invariant: a regular file has its name only once it is whole and synced; before, it has another name beside it.
 */
public final class FileTarget implements Target {
    private static final int ZERO_BYTES = 1 << 20;

    private final FileChannel channel;
    private final Path file;
    private final Optional<Path> temporary;
    private boolean finished;
    private long position;

    private FileTarget(FileChannel channel, Path file, Optional<Path> temporary) {
        this.channel = channel;
        this.file = file;
        this.temporary = temporary;
    }

    /** Opens for a copy of {@code size} bytes. What is there is replaced only with {@code overwrite}. */
    public static FileTarget open(Path file, boolean overwrite, long size) throws IOException {
        boolean there = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        if (there && !overwrite) {
            throw new FileAlreadyExistsException(file.toString());
        }
        if (there && !Files.isRegularFile(file) && !Files.isDirectory(file)) {
            FileChannel device = FileChannel.open(file, StandardOpenOption.WRITE);
            if (Long.compareUnsigned(device.size(), size) < 0) {
                device.close();
                throw new IOException(file + " has " + device.size() + " bytes, too few for " + size);
            }
            return new FileTarget(device, file, Optional.empty());
        }
        Path real = Files.isRegularFile(file) ? file.toRealPath() : file;
        Path temporary = real.resolveSibling("." + real.getFileName() + "."
                + Long.toHexString(ThreadLocalRandom.current().nextLong()));
        return new FileTarget(
                FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                real,
                Optional.of(temporary));
    }

    @Override
    public void write(long offset, ByteBuffer data) throws IOException {
        zeroDeviceTo(offset);
        long at = offset;
        while (data.hasRemaining()) {
            at += channel.write(data, at);
        }
        position = at;
    }

    /** A new file reads as zeroes where nothing was written; a device has old data there. */
    private void zeroDeviceTo(long offset) throws IOException {
        if (temporary.isPresent() || position >= offset) {
            return;
        }
        ByteBuffer zeroes = ByteBuffer.allocateDirect(ZERO_BYTES);
        while (position < offset) {
            zeroes.clear().limit((int) Math.min(ZERO_BYTES, offset - position));
            position += channel.write(zeroes, position);
        }
    }

    @Override
    public void finish(long size) throws IOException {
        zeroDeviceTo(size);
        if (temporary.isPresent()) {
            grow(size);
        }
        channel.force(true);
        if (temporary.isPresent()) {
            Files.move(temporary.get(), file, StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel folder =
                    FileChannel.open(file.toAbsolutePath().normalize().getParent(), StandardOpenOption.READ)) {
                folder.force(true);
            }
        }
        finished = true;
    }

    /** A file grows by writing its last byte; {@code truncate} only shrinks. */
    private void grow(long size) throws IOException {
        if (channel.size() < size) {
            ByteBuffer zero = ByteBuffer.allocate(1);
            channel.write(zero, size - 1);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
        if (!finished && temporary.isPresent()) {
            Files.deleteIfExists(temporary.get());
        }
    }
}
