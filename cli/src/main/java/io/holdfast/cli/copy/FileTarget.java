package io.holdfast.cli.copy;

import io.holdfast.volume.VolumeClaim;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Exports to a sparse regular file.
 *
 * <p>Invariants: the file gets its name only once it is whole and, unless that is left to a {@link SyncBatch}, synced. Until then it has a temporary name of fixed
 * length in the same folder. An existing file is untouched until it is replaced, and the new file takes over its mode
 * and owner. Unless this was opened to replace a file, it replaces none, not even one that was made meanwhile.
 */
final class FileTarget implements Target {
    private static final FileAttribute<?>[] OWNER_ONLY = {
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    };

    private final FileChannel channel;
    private final Path file;
    private final Path directory;
    private final Path temporary;
    private final Optional<Replaced> replaced;
    /** Makes the file durable later; null to do it when the copy ends. */
    private final @Nullable SyncBatch later;

    /** Bytes written. */
    private long written;
    /** The temporary name is gone. */
    private boolean finished;
    /** {@link #later} closes the channel. */
    private boolean handedOver;

    /** The mode and owner of a file that is replaced, and the claim that keeps others off it. */
    private record Replaced(FileOwnership ownership, VolumeClaim claim) {}

    private FileTarget(
            FileChannel channel, Path file, Path temporary, Optional<Replaced> replaced, @Nullable SyncBatch later) {
        this.later = later;
        this.channel = channel;
        this.file = file;
        this.directory = directoryOf(file);
        this.temporary = temporary;
        this.replaced = replaced;
    }

    /** Makes a file at a path where none may exist. */
    static FileTarget create(Path file, @Nullable SyncBatch later) throws IOException {
        return open(file, Optional.empty(), later);
    }

    /** Replaces a regular file; closing the target releases {@code claim}. */
    static FileTarget replace(Path file, VolumeClaim claim) throws IOException {
        Path real = file.toRealPath();
        return open(real, Optional.of(new Replaced(FileOwnership.of(real), claim)), null);
    }

    private static FileTarget open(Path file, Optional<Replaced> replaced, @Nullable SyncBatch later)
            throws IOException {
        Path directory = directoryOf(file);
        if (!Files.isDirectory(directory)) {
            throw new NoSuchFileException(directory.toString());
        }
        Path temporary = directory.resolve(".holdfast-"
                + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()));
        Set<OpenOption> options = Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        // The copy of a private file must be private from the beginning.
        FileAttribute<?>[] attributes = replaced.isPresent() ? OWNER_ONLY : new FileAttribute<?>[0];
        try {
            return new FileTarget(FileChannel.open(temporary, options, attributes), file, temporary, replaced, later);
        } catch (AccessDeniedException e) {
            throw new AccessDeniedException(directory.toString());
        } catch (FileSystemException e) {
            throw new FileSystemException(file.toString(), null, "cannot be made: " + e.getReason());
        }
    }

    private static Path directoryOf(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file : parent;
    }

    @Override
    public void write(long offset, ByteBuffer data) throws IOException {
        long at = offset;
        try {
            while (data.hasRemaining()) {
                at += channel.write(data, at);
            }
            written += at - offset;
        } catch (IOException e) {
            throw IoFailures.named(file.toString(), e);
        }
    }

    @Override
    public void finish(long size) throws IOException {
        try {
            grow(size);
            if (replaced.isPresent()) {
                replaced.get().ownership().applyTo(temporary);
            }
            if (later == null) {
                channel.force(true);
            }
            publish();
            if (later == null) {
                try (FileChannel folder = FileChannel.open(directory, StandardOpenOption.READ)) {
                    folder.force(true);
                }
            }
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (FileSystemException e) {
            throw new FileSystemException(file.toString(), null, e.getReason());
        } catch (IOException e) {
            throw IoFailures.named(file.toString(), e);
        }
        if (later != null) {
            later.addFile(file, channel, written);
            handedOver = true;
            later.addDirectory(directory);
        }
    }

    /** A file grows by writing its last byte; {@code truncate} only shrinks. */
    private void grow(long size) throws IOException {
        if (channel.size() < size) {
            channel.write(ByteBuffer.allocate(1), size - 1);
        }
    }

    private void publish() throws IOException {
        if (replaced.isPresent()) {
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            finished = true;
            return;
        }
        try {
            // A link, unlike a rename, does not replace an existing file.
            Files.createLink(file, temporary);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (UnsupportedOperationException | FileSystemException noLinks) {
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileAlreadyExistsException(file.toString());
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            finished = true;
            return;
        }
        // Before the directory is synced: else a crash could bring the temporary name back.
        Files.delete(temporary);
        finished = true;
    }

    @Override
    public void close() throws IOException {
        try (FileChannel _ = handedOver ? null : channel) {
            if (!finished) {
                Files.deleteIfExists(temporary);
            }
        } finally {
            if (replaced.isPresent()) {
                replaced.get().claim().close();
            }
        }
    }
}
