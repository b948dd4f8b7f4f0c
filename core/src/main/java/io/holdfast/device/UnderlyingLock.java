package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A lock on a part of what a block device lies on. Like every such lock it belongs to the process. The process loses it
 * if it also has the file below open, and closes that. Only two readers in one process can come to that: one of the
 * block device, and one of the file.
 */
final class UnderlyingLock {
    private static final System.Logger LOG = System.getLogger(UnderlyingLock.class.getName());

    private final Object key;
    private final UninterruptibleFile file;

    private UnderlyingLock(Object key, UninterruptibleFile file) {
        this.key = key;
        this.file = file;
    }

    /**
     * Locks all that a volume lies on.
     *
     * @throws HoldfastException {@code HELD} if somebody has a part of it locked; then this keeps no lock
     */
    static List<UnderlyingLock> takeAll(Path volume, VolumeIdentity identity, boolean writable) throws IOException {
        List<UnderlyingLock> taken = new ArrayList<>();
        if (identity.device().isEmpty()) {
            return taken;
        }
        boolean all = false;
        try {
            for (UnderlyingStorage.Part part :
                    new UnderlyingStorage().of(identity.device().get())) {
                UnderlyingLock lock = take(volume, part, writable);
                if (lock != null) {
                    taken.add(lock);
                }
            }
            all = true;
            return taken;
        } finally {
            if (!all) {
                releaseAll(taken);
            }
        }
    }

    static void releaseAll(List<UnderlyingLock> locks) throws IOException {
        for (UnderlyingLock lock : locks) {
            VolumeLock.closeWhenReleased(lock.key, lock.file);
        }
    }

    /**
     * Locks one part: for a reader if it cannot be opened for writing. Returns null if this user may not open it at
     * all; then only the block device is locked.
     */
    private static @Nullable UnderlyingLock take(Path volume, UnderlyingStorage.Part part, boolean writable)
            throws IOException {
        boolean exclusive = writable && part.exclusive();
        Object key = VolumeIdentity.of(part.path()).key();
        UninterruptibleFile file = open(part.path(), exclusive);
        if (file == null && exclusive) {
            exclusive = false;
            file = open(part.path(), false);
        }
        if (file == null) {
            return null;
        }
        boolean taken = false;
        try {
            FileLock lock = file.tryLock(part.start(), part.length(), !exclusive);
            if (lock == null) {
                throw held(volume, part.path(), LockHolder.of(part.path()));
            }
            taken = true;
            return new UnderlyingLock(key, file);
        } catch (OverlappingFileLockException _) {
            throw held(
                    volume, part.path(), OptionalLong.of(ProcessHandle.current().pid()));
        } finally {
            if (!taken) {
                VolumeLock.closeWhenReleased(key, file);
            }
        }
    }

    private static @Nullable UninterruptibleFile open(Path path, boolean writable) {
        try {
            return UninterruptibleFile.open(
                    path, writable ? UninterruptibleFile.Mode.WRITE : UninterruptibleFile.Mode.READ);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "{0} cannot be locked: {1}", path, e);
            return null;
        }
    }

    private static HoldfastException held(Path volume, Path below, OptionalLong pid) {
        return new HoldfastException(
                ErrorCode.HELD,
                "%s lies on %s, which is in use by %s"
                        .formatted(volume, below, pid.isPresent() ? "process " + pid.getAsLong() : "another process"));
    }
}
