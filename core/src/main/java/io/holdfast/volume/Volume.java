package io.holdfast.volume;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.List;
import java.util.Optional;

/**
 * An open volume: a tree of files in one regular file or block device. All methods are thread-safe and block.
 *
 * <p>Paths are absolute, with {@code /} between names; {@code .}, {@code ..} and empty names are resolved lexically. A
 * name has 1 to 255 bytes of UTF-8 without {@code /} and NUL. Symbolic links are followed in all but the last
 * component. {@link #open}, {@link #openDisk} and {@link #claimSize} follow the last one too.
 *
 * <p>Changes of the namespace are atomic and ordered. {@link #sync()} makes them durable, and so does a flush of any
 * file that begins after them.
 *
 * <p>Errors latch. After a write or a flush of the device has failed, every call that would write throws {@code FAILED}
 * with the first cause, and reads go on. The volume never reports anything as durable that is not.
 */
public interface Volume extends VolumeFiles, AutoCloseable {
    /** Bytes of a block, the unit of allocation and of checksums. */
    int BLOCK_SIZE = 4096;

    /** The smallest volume: 16 MiB. */
    long MIN_SIZE = 16L << 20;

    VolumeInfo info();

    /**
     * Names the file or block device that the volume is on. The name is the same for every path that leads there, in
     * every process of this machine. Empty for a volume that is on neither.
     */
    default Optional<String> storage() {
        return Optional.empty();
    }

    VolumeUsage usage();

    /**
     * Looks at the file system of the host that the volume's file lies on. Empty for a volume that is on no file.
     *
     * @throws HoldfastException {@code DEVICE_ERROR} if the host does not tell
     */
    default Optional<HostSpace> host() throws HoldfastException {
        return Optional.empty();
    }

    VolumeCounters counters();

    /** Returns what the volume does and holds now; empty for one that does not tell. Reads nothing from the device. */
    default Optional<VolumeMetrics> metrics() {
        return Optional.empty();
    }

    /** Returns what opening found and did. */
    RecoveryReport recovery();

    /**
     * Returns what is known to be damaged, one readable line each: what opening found, and nodes of files' maps that were lost
     * before or since. Reads little; {@link #check} finds the rest.
     */
    default List<String> damage() throws HoldfastException {
        return recovery().problems();
    }

    /** Returns why the volume takes no more writes, if a write or flush has failed. */
    Optional<HoldfastException> failure();

    /** Returns the files of this volume for one user: calls there open and change files in the user's name. */
    VolumeFiles as(FileUser user);

    void mkdir(String path, CreateOptions options) throws HoldfastException;

    /** Creates a symbolic link. {@code target} has 1 to 4095 bytes of UTF-8; this call does not follow it. */
    void symlink(String path, String target) throws HoldfastException;

    String readLink(String path) throws HoldfastException;

    /** Gives a regular file or symbolic link another name. */
    void link(String existing, String added) throws HoldfastException;

    FileStatus status(String path) throws HoldfastException;

    void setAttributes(String path, AttributeChange change) throws HoldfastException;

    /**
     * Lists a directory in byte order of the names.
     *
     * @param after lists only names greater than this, which need not exist; empty for the first call
     * @param limit the most entries to return; at least 1
     */
    List<DirectoryEntry> list(String path, String after, int limit) throws HoldfastException;

    /** Sets an extended attribute. The name has 1 to 255 bytes of UTF-8, the value at most 65,536 bytes. */
    void setXattr(String path, String name, byte[] value) throws HoldfastException;

    byte[] getXattr(String path, String name) throws HoldfastException;

    List<String> listXattrs(String path) throws HoldfastException;

    void removeXattr(String path, String name) throws HoldfastException;

    /** Makes everything that was done before this call durable. */
    void sync() throws HoldfastException;

    /**
     * Makes the volume larger in place, while others use it. Files, label and UUID stay. When this returns, the new size
     * is durable and its space can be used. A crash before that leaves the old size or the new one, and nothing is lost
     * either way; a regular file may stay longer than its volume.
     *
     * @param bytes the new size, of which whole blocks count. A regular file is made longer if it is shorter, without
     *     allocating space. 0 takes all that the file or block device has now: more than the volume if somebody has made
     *     it larger, or if the volume was formatted with less
     * @throws HoldfastException {@code INVALID} if the volume is larger already, since no volume can shrink; if it would
     *     be larger than 64 PiB; or if a block device is smaller. {@code NO_MEMORY} if the groups of so large a volume
     *     need more memory than this one was opened with. {@code NO_SPACE} if the host has no room; the volume may yet
     *     grow when there is some. {@code READ_ONLY}, {@code FAILED}, {@code DEVICE_ERROR}
     */
    VolumeGrowth grow(long bytes) throws HoldfastException;

    /**
     * Opens the volume again that has failed, after its device was mended. Recovers it as any opening does. What was flushed
     * is there. Of what was acknowledged and not flushed, all, some or nothing is there. So no flush, and no write with
     * FUA, succeeds any more for a file with such changes, until {@link #acceptLoss}, also when the volume is closed and
     * opened: it would report as durable what is
     * gone, to a client that does not know that the volume was opened again.
     *
     * @param opened called when the volume is open, before any call on this one learns that it is closed
     * @return the volume; this one is closed
     * @throws HoldfastException {@code INVALID} if nothing has failed; {@code UNSUPPORTED} if its device cannot be opened
     *     again; else as for any opening. This volume then stays as it is: it takes no writes, and reads go on
     */
    default Volume reopen(Runnable opened) throws HoldfastException {
        throw new HoldfastException(ErrorCode.UNSUPPORTED, "this volume cannot be opened again");
    }

    /**
     * Begins a repair beside others. There is one at a time.
     *
     * @throws HoldfastException {@code READ_ONLY}; {@code FAILED} if a write or flush has failed; {@code IN_USE} if another one has begun; {@code UNSUPPORTED} by
     *     default
     */
    default LiveRepair beginRepair() throws HoldfastException {
        throw new HoldfastException(ErrorCode.UNSUPPORTED, "this volume cannot be repaired while it is open");
    }

    /** Returns the paths of the files whose flushes are refused since {@link #reopen}, of this volume or of an earlier opening. */
    default List<String> lostFlushes() {
        return List.of();
    }

    /**
     * Lets flushes of a file succeed again: its clients know of the loss, or were restarted. With the path of the root
     * directory, those of all files. That is durable.
     *
     * @throws HoldfastException {@code INVALID} if nothing of the file was lost; {@code NOT_FOUND}
     */
    default void acceptLoss(String path) throws HoldfastException {
        throw new HoldfastException(ErrorCode.INVALID, path + ": no writes of this file were lost");
    }

    /** Writes a checkpoint: the log becomes empty, and dead blocks become free. */
    void checkpoint() throws HoldfastException;

    /**
     * Gives all free space back to what the volume lies on: punches holes into a volume file, discards blocks of a block device. That
     * is a job beside the clients ({@link #jobs}). A space that comes free meanwhile, or that a reader of old content keeps, may stay.
     *
     * @param progress hears how many blocks of the volume were gone through, and of how many; may throw to end this
     * @return how many bytes were given back, also those that took no room before
     * @throws HoldfastException {@code UNSUPPORTED} if the device, what it lies on, or the way in which it is read and written cannot give
     *     anything back; {@code INVALID} if the volume was formatted to have its room beforehand; {@code IN_USE} if another one runs; {@code CANCELLED}; {@code READ_ONLY}, {@code FAILED},
     *     {@code DEVICE_ERROR}
     */
    default long trim(Progress progress) throws HoldfastException {
        throw new HoldfastException(ErrorCode.UNSUPPORTED, "this volume gives no space back");
    }

    /** Returns the work that goes on in the background, a {@link #check} among it. */
    default Jobs jobs() {
        return Jobs.NONE;
    }

    /** Checks all of the volume, as {@link #check(CheckOptions, Progress)}. */
    default CheckReport check(Progress progress) throws HoldfastException {
        return check(CheckOptions.ALL, progress);
    }

    /**
     * Writes a checkpoint, and then reads and verifies everything that it has on the device: structures, reachability
     * against the space map, every data checksum; or the part that is asked for. Others may write meanwhile; the check
     * covers the state at the checkpoint. If no checkpoint can be written because a write has failed or the host is full,
     * the check covers the last one. Of a volume that is open read-only it covers the checkpoint and the log that opening
     * found.
     *
     * <p>The check is a job ({@link #jobs}), one at a time. It makes way for clients. Closing the volume ends it. A check of
     * the whole volume that comes to its end is kept as the {@linkplain #lastCheck last one}, durably, if the volume can be
     * written to.
     *
     * @param progress also called while the check waits or is paused; what it throws ends the check
     * @throws HoldfastException {@code IN_USE} if a check runs already; {@code CANCELLED} if somebody has ended the job;
     *     {@code CLOSED} if the volume is being closed; {@code INVALID}, {@code NOT_FOUND} for files that cannot be checked
     */
    CheckReport check(CheckOptions options, Progress progress) throws HoldfastException;

    /**
     * Returns the last check of the whole volume that came to its end while the volume could be written to; empty if there
     * was none.
     *
     * @throws HoldfastException {@code DAMAGED} or {@code DEVICE_ERROR} if what is kept of it cannot be read
     */
    default Optional<FinishedCheck> lastCheck() throws HoldfastException {
        return Optional.empty();
    }

    /**
     * Writes all that is dirty and a last checkpoint, and closes the volume and its open files. Closing twice is
     * harmless.
     *
     * @throws HoldfastException if something could not be made durable, {@code FAILED} also if it had failed before;
     *     the volume is closed all the same
     */
    @Override
    void close() throws HoldfastException;
}
