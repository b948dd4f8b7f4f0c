package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The right to use a volume: one opener for writing, or any number for reading, across all processes.
 *
 * <p>It takes several locks, since none is enough alone:
 *
 * <ul>
 *   <li>An entry in a registry of this process, by the identity of the volume. File locks do not work within a process.
 *   <li>A lock on the volume itself. It holds for all names, hard links and mounts of the volume. But it belongs to the
 *       process, and is lost as soon as any code in the process closes any descriptor of the file. So this package puts
 *       off closing the files of a locked volume ({@link #closeWhenReleased}). It cannot speak for the rest of the
 *       program.
 *   <li>A lock on a {@link LockFile}, which no other code opens: {@code <volume>.lock} beside a regular file, or a file
 *       in {@code /run/holdfast/} for a block device and where the directory cannot be written. It names the holder.
 *       Where there cannot be one (another user's volume, a read-only file system), the lock on the volume does alone.
 *   <li>For a block device, a lock on the range of each file and device that it lies on ({@link UnderlyingStorage}). So
 *       a volume in a file is not opened beside a loop device over that file, whichever comes first.
 * </ul>
 *
 * <p>The kernel drops the locks when the process ends, in whatever way. The next opener takes over a lock file that was
 * left.
 *
 * <p>Invariants: {@link #HELD} has an entry for each volume that is locked in this process, with at least one user. It
 * is read and changed under {@link #REGISTRY} only.
 */
public final class VolumeLock implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(VolumeLock.class.getName());
    private static final Path RUN_DIRECTORY = Path.of("/run/holdfast");

    private static final ReentrantLock REGISTRY = new ReentrantLock();
    private static final Map<Object, Held> HELD = new HashMap<>();

    /** A volume locked in this process. */
    private static final class Held {
        final boolean writable;
        final UninterruptibleFile volume;
        final @Nullable LockFile lockFile;
        final List<UnderlyingLock> below;
        final List<BlockFile> toClose = new ArrayList<>();
        int users = 1;

        Held(boolean writable, UninterruptibleFile volume, @Nullable LockFile lockFile, List<UnderlyingLock> below) {
            this.writable = writable;
            this.volume = volume;
            this.lockFile = lockFile;
            this.below = below;
        }
    }

    private final Object key;
    private final AtomicBoolean closed = new AtomicBoolean();

    private VolumeLock(Object key) {
        this.key = key;
    }

    /**
     * Locks an existing file or block device. Call this before opening it as a device.
     *
     * @throws HoldfastException {@code HELD}, naming the process that has it; for writing, also if the system itself
     *     uses the block device. {@code NOT_FOUND}; {@code DEVICE_ERROR} if it cannot be opened or locked
     */
    public static VolumeLock acquire(Path volume, boolean writable) throws HoldfastException {
        REGISTRY.lock();
        try {
            VolumeIdentity identity = VolumeIdentity.of(volume);
            Held held = HELD.get(identity.key());
            if (held == null) {
                HELD.put(identity.key(), lock(volume, identity, writable));
            } else if (writable || held.writable) {
                throw heldHere(volume);
            } else {
                held.users++;
            }
            return new VolumeLock(identity.key());
        } catch (HoldfastException e) {
            throw e;
        } catch (NoSuchFileException e) {
            throw new HoldfastException(ErrorCode.NOT_FOUND, volume + " does not exist", e);
        } catch (AccessDeniedException e) {
            throw new HoldfastException(ErrorCode.DEVICE_ERROR, volume + " cannot be opened: permission denied", e);
        } catch (IOException e) {
            throw new HoldfastException(
                    ErrorCode.DEVICE_ERROR, "%s cannot be locked: %s".formatted(volume, Reasons.of(e)), e);
        } finally {
            REGISTRY.unlock();
        }
    }

    /**
     * Names the file or block device that is locked. The name equals {@link #storageAt} of every path that leads to it,
     * in every process of this machine.
     */
    public String storage() {
        return key.toString();
    }

    /** Names what is at a path now as {@link #storage} does. */
    public static String storageAt(Path volume) throws IOException {
        return VolumeIdentity.of(volume).key().toString();
    }

    /**
     * Closes a file. If the volume is locked in this process, the file is closed only with the lock: closing it earlier
     * would drop the lock on the volume.
     */
    static void closeWhenReleased(Object key, BlockFile file) throws IOException {
        REGISTRY.lock();
        try {
            Held held = HELD.get(key);
            if (held == null) {
                file.close();
            } else {
                held.toClose.add(file);
            }
        } finally {
            REGISTRY.unlock();
        }
    }

    /** Gives the volume free. Close all devices on it first. Closing twice is harmless. */
    @Override
    public void close() throws HoldfastException {
        if (closed.getAndSet(true)) {
            return;
        }
        REGISTRY.lock();
        try {
            Held held = HELD.get(key);
            if (held != null && --held.users == 0) {
                HELD.remove(key);
                unlock(held);
            }
        } catch (IOException e) {
            throw new HoldfastException(ErrorCode.DEVICE_ERROR, "the lock cannot be given up: " + e.getMessage(), e);
        } finally {
            REGISTRY.unlock();
        }
    }

    private static Held lock(Path volume, VolumeIdentity identity, boolean writable) throws IOException {
        if (writable && identity.device().isPresent()) {
            BlockDeviceUse.requireNone(volume, identity.device().get());
        }
        LockFile lockFile = takeLockFile(volume, identity, writable);
        UninterruptibleFile file = null;
        List<UnderlyingLock> below = List.of();
        boolean taken = false;
        try {
            file = UninterruptibleFile.open(
                    identity.path(), writable ? UninterruptibleFile.Mode.WRITE : UninterruptibleFile.Mode.READ);
            FileLock lock = file.tryLock(!writable);
            if (lock == null) {
                throw LockFile.held(volume, LockHolder.of(identity.path()));
            }
            if (!VolumeIdentity.of(volume).key().equals(identity.key())) {
                throw new IOException("another file was put in its place just now");
            }
            below = UnderlyingLock.takeAll(volume, identity, writable);
            taken = true;
            return new Held(writable, file, lockFile, below);
        } catch (OverlappingFileLockException _) {
            throw heldHere(volume);
        } finally {
            if (!taken) {
                if (file != null) {
                    file.close();
                }
                if (lockFile != null) {
                    lockFile.release();
                }
            }
        }
    }

    private static void unlock(Held held) throws IOException {
        try (UninterruptibleFile _ = held.volume) {
            UnderlyingLock.releaseAll(held.below);
            for (BlockFile file : held.toClose) {
                file.close();
            }
        } finally {
            if (held.lockFile != null) {
                held.lockFile.release();
            }
        }
    }

    private static @Nullable LockFile takeLockFile(Path volume, VolumeIdentity identity, boolean writable)
            throws HoldfastException {
        for (Path place : places(identity)) {
            requireUnused(volume, place);
            try {
                createRunDirectory(place);
                return LockFile.take(place, volume, !writable);
            } catch (HoldfastException e) {
                throw e;
            } catch (IOException | UnsupportedOperationException e) {
                LOG.log(System.Logger.Level.DEBUG, "{0}: no lock file {1}: {2}", volume, place, e);
            }
        }
        LOG.log(System.Logger.Level.DEBUG, "{0} is locked without a lock file", volume);
        return null;
    }

    private static void createRunDirectory(Path place) throws IOException {
        if (place.startsWith(RUN_DIRECTORY) && !Files.isDirectory(RUN_DIRECTORY, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(
                    RUN_DIRECTORY, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    /**
     * Refuses a lock file that this process has for another volume. A volume that was renamed while it is open keeps
     * the lock file of its old name.
     */
    private static void requireUnused(Path volume, Path place) throws HoldfastException {
        for (Held held : HELD.values()) {
            if (held.lockFile != null && held.lockFile.path().equals(place)) {
                throw new HoldfastException(
                        ErrorCode.HELD,
                        "%s: its lock file %s is in use for another volume of this process".formatted(volume, place));
            }
        }
    }

    private static List<Path> places(VolumeIdentity identity) {
        List<Path> places = new ArrayList<>();
        if (identity.device().isPresent()) {
            BlockDeviceNumber number = identity.device().get();
            places.add(RUN_DIRECTORY.resolve("block-%d-%d.lock".formatted(number.major(), number.minor())));
        } else {
            places.add(identity.path().resolveSibling(identity.path().getFileName() + ".lock"));
            String inode = identity.key().toString().replaceAll("[^0-9a-zA-Z]+", "-");
            places.add(RUN_DIRECTORY.resolve("file" + inode + ".lock"));
        }
        return places;
    }

    private static HoldfastException heldHere(Path volume) {
        return new HoldfastException(
                ErrorCode.HELD,
                "%s is in use by process %d, which is this one"
                        .formatted(volume, ProcessHandle.current().pid()));
    }
}
