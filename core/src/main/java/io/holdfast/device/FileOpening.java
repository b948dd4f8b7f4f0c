package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * Opens and creates {@link FileDevice}s. Finds out what kind of thing a path leads to, and whether the page cache can
 * be bypassed.
 */
final class FileOpening {
    private static final System.Logger LOG = System.getLogger(FileDevice.class.getName());

    private FileOpening() {}

    /** As {@link FileDevice#open(Path, boolean, boolean, IoEngine)}. */
    static FileDevice open(Path path, boolean writable, boolean direct, IoEngine engine) throws HoldfastException {
        try {
            requireFileOrBlockDevice(path);
            Object key = VolumeIdentity.of(path).key();
            BlockFile file = direct ? openDirect(path, key, writable, engine) : null;
            boolean isDirect = file != null;
            if (file == null) {
                file = engine.open(path, writable, false);
            }
            try {
                boolean onBlockDevice = BlockDeviceNumber.of(path).isPresent();
                return new FileDevice(
                        path, key, file, writable, isDirect, onBlockDevice, bytes(path, file) / Block.SIZE);
            } catch (IOException e) {
                VolumeLock.closeWhenReleased(key, file);
                throw e;
            }
        } catch (IOException e) {
            throw openFailure(path, e);
        }
    }

    /** As {@link FileDevice#create(Path, long, boolean, IoEngine)}. */
    static FileDevice create(Path path, long bytes, boolean direct, IoEngine engine) throws HoldfastException {
        boolean created = createFile(path);
        try {
            FileDevice device = open(path, true, direct, engine);
            try {
                device.resize(bytes);
                return device;
            } catch (HoldfastException e) {
                device.close();
                throw e;
            }
        } catch (HoldfastException e) {
            if (created) {
                remove(path, e);
            }
            throw e;
        }
    }

    /** Creates the file if there is none, and returns whether it did. */
    private static boolean createFile(Path path) throws HoldfastException {
        try {
            Files.newByteChannel(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
                    .close();
            return true;
        } catch (FileAlreadyExistsException _) {
            return false;
        } catch (IOException e) {
            throw openFailure(path, e);
        }
    }

    private static void remove(Path path, HoldfastException reason) {
        try {
            Files.delete(path);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /** Opens past the page cache, and proves by a read that this works. If it does not, logs why and returns null. */
    private static @Nullable BlockFile openDirect(Path path, Object key, boolean writable, IoEngine engine)
            throws IOException {
        BlockFile file;
        try {
            file = engine.open(path, writable, true);
        } catch (NoSuchFileException | AccessDeniedException | EngineRefusedException e) {
            throw e;
        } catch (IOException | UnsupportedOperationException e) {
            logBuffered(path, e);
            return null;
        }
        try {
            probeRead(file);
            return file;
        } catch (IOException e) {
            VolumeLock.closeWhenReleased(key, file);
            logBuffered(path, e);
            return null;
        }
    }

    /**
     * Makes sure that a path leads to a regular file or a block device. To open something else may wait: a pipe waits
     * for its other end.
     *
     * @throws HoldfastException {@code NOT_FOUND}, {@code IS_A_DIRECTORY} or {@code INVALID}; {@code DEVICE_ERROR} if
     *     it cannot be found out
     */
    static void requireKind(Path path) throws HoldfastException {
        try {
            requireFileOrBlockDevice(path);
        } catch (IOException e) {
            throw openFailure(path, e);
        }
    }

    private static void requireFileOrBlockDevice(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        if (!attributes.isRegularFile() && BlockDeviceNumber.of(path).isEmpty()) {
            throw new HoldfastException(
                    attributes.isDirectory() ? ErrorCode.IS_A_DIRECTORY : ErrorCode.INVALID,
                    path + " is neither a regular file nor a block device");
        }
    }

    private static void logBuffered(Path path, Exception cause) {
        LOG.log(
                System.Logger.Level.WARNING,
                "{0}: direct I/O is not possible here ({1}); going through the page cache",
                path,
                String.valueOf(cause.getMessage()));
    }

    /**
     * Reads one block. A device with sectors larger than a block lets itself be opened, and refuses only the first
     * transfer.
     */
    private static void probeRead(BlockFile file) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            file.read(arena.allocate(Block.SIZE, Block.SIZE), 0);
        }
    }

    /** Returns the size of a file or block device, in bytes. */
    static long bytes(Path path, BlockFile file) throws IOException {
        BlockDeviceNumber number = BlockDeviceNumber.of(path).orElse(null);
        return number == null ? file.size() : number.bytes();
    }

    private static HoldfastException openFailure(Path path, IOException cause) {
        if (cause instanceof HoldfastException known) {
            return known;
        }
        if (cause instanceof NoSuchFileException) {
            return new HoldfastException(ErrorCode.NOT_FOUND, path + " does not exist", cause);
        }
        return new HoldfastException(
                ErrorCode.DEVICE_ERROR, "%s cannot be opened: %s".formatted(path, Reasons.of(cause)), cause);
    }

    /** Grows the file by writing its last block, as zeros. No other way does without another descriptor of the file. */
    static void grow(BlockFile file, long bytes) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment zeros = arena.allocate(Block.SIZE, Block.SIZE);
            if (file.write(zeros, bytes - Block.SIZE) != Block.SIZE) {
                throw new IOException("the file cannot be grown");
            }
        }
    }

    /** Makes the name of a regular file durable. */
    static void forceDirectory(Path path) throws IOException {
        Path directory = path.toRealPath().getParent();
        if (directory != null && !BlockDeviceNumber.of(path).isPresent()) {
            try (UninterruptibleFile opened = UninterruptibleFile.open(directory, UninterruptibleFile.Mode.READ)) {
                opened.force(true);
            }
        }
    }
}
