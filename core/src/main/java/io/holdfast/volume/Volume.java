package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.util.List;
import java.util.Optional;

/**
 * An open volume: a tree of files in one regular file or block device. All methods are thread-safe and block.
 *
 * <p>Paths are absolute, with {@code /} between names; {@code .}, {@code ..} and empty names are resolved lexically.
 * A name has 1 to 255 bytes of UTF-8 without {@code /} and NUL. Symbolic links are followed in all but the last
 * component; {@link #open} follows the last one too.
 *
 * <p>Changes of the namespace are atomic, ordered, and durable after {@link #sync()} or after a flush of any file that
 * began later.
 *
 * <p>Errors latch: after a write or a flush of the device has failed, every call that would write throws {@code FAILED}
 * with the first cause, reads go on, and nothing that was not durable is ever reported as durable.
 */
public interface Volume extends VolumeFiles, AutoCloseable {
    /** Bytes of a block, the unit of allocation and of checksums. */
    int BLOCK_SIZE = 4096;

    /** The smallest volume: 16 MiB. */
    long MIN_SIZE = 16L << 20;

    VolumeInfo info();

    /**
     * Names the file or block device that the volume is on: the same for every path that
     * leads to it, in every process of this machine. Empty for a volume that is on neither.
     */
    default Optional<String> storage() {
        return Optional.empty();
    }

    VolumeUsage usage();

    VolumeCounters counters();

    /** Returns what opening found and did. */
    RecoveryReport recovery();

    /** Returns why the volume takes no more writes, if a write or flush has failed. */
    Optional<HoldfastException> failure();

    /** Returns the files of this volume as a user has them, in whose name they are opened and changed. */
    VolumeFiles as(FileUser user);

    void mkdir(String path, CreateOptions options) throws HoldfastException;

    /** Creates a symbolic link. {@code target} is 1 to 4095 bytes of UTF-8 and is not resolved now. */
    void symlink(String path, String target) throws HoldfastException;

    String readLink(String path) throws HoldfastException;

    /** Gives a regular file or symbolic link another name. */
    void link(String existing, String added) throws HoldfastException;

    FileStatus status(String path) throws HoldfastException;

    void setAttributes(String path, AttributeChange change) throws HoldfastException;

    /**
     * Lists a directory in byte order of the names.
     *
     * @param after only names greater than this; empty for the first call
     * @param limit at most so many entries; at least 1
     */
    List<DirectoryEntry> list(String path, String after, int limit) throws HoldfastException;

    /** Sets an extended attribute. The name has 1 to 255 bytes of UTF-8, the value at most 65,536 bytes. */
    void setXattr(String path, String name, byte[] value) throws HoldfastException;

    byte[] getXattr(String path, String name) throws HoldfastException;

    List<String> listXattrs(String path) throws HoldfastException;

    void removeXattr(String path, String name) throws HoldfastException;

    /** Makes everything that was done before this call durable. */
    void sync() throws HoldfastException;

    /** Writes a checkpoint: the log becomes empty and dead blocks come free. */
    void checkpoint() throws HoldfastException;

    /**
     * Reads and verifies everything on the device as of a checkpoint made now: structures, reachability against the
     * space map, every data checksum. On a volume that others write to meanwhile, the state at that checkpoint is
     * checked.
     */
    CheckReport check(Progress progress) throws HoldfastException;

    /** Flushes, writes a checkpoint if possible, and closes. Open files are closed. Closing twice is harmless. */
    @Override
    void close() throws HoldfastException;
}
