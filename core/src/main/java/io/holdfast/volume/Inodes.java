package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.util.List;

/**
 * The files of a volume by inode number, beside {@link VolumeFiles}, which has them by path: for doors whose clients keep
 * numbers (FUSE, NFS). Thread-safe; every method blocks.
 *
 * <p><b>Names.</b> A name is one of a directory, 1 to 255 bytes of UTF-8 without {@code /} and NUL. {@code .} and {@code ..}
 * are not stored and are {@code INVALID}; {@link #parent} says where {@code ..} leads. No symbolic link is followed.
 *
 * <p><b>Numbers.</b> {@link #ROOT} is the root directory. A number is one file's as long as the volume is open: when the last
 * name of a file is gone, the number is {@code STALE} in every call here, for good, also while a {@link StoredFile} keeps the
 * file; that handle goes on working. After the volume was opened again, a number that had become durable (a flush of anything
 * that began after the file was created, or a {@link Volume#sync}) still is that file's or {@code STALE}. One that had not may
 * be given to another file after a crash, since nobody was promised that the first one exists. So a door that hands out
 * numbers that outlive its process flushes first.
 *
 * <p><b>Use.</b> A file that was opened here in somebody's name is in use as {@link VolumeFiles} says. It is known by the name
 * under which {@link #lookup} has last found it. A volume remembers that of a few thousand files. For a file whose name it has
 * forgotten nobody else renames, replaces or removes any of its names; but a directory above it may be renamed, and a
 * {@linkplain VolumeFiles#claim claim} on one does not see it.
 *
 * <p><b>Errors and durability</b> are those of {@link Volume} and its methods of the same names, and besides {@code STALE}; a
 * number of a file of another kind than is needed is {@code NOT_A_DIRECTORY}, {@code IS_A_DIRECTORY} or {@code INVALID}.
 */
public interface Inodes {
    /** The root directory of every volume. */
    long ROOT = 1;

    /**
     * Returns what a name in a directory leads to.
     *
     * @throws HoldfastException {@code NOT_FOUND} if the directory has no such name; {@code STALE} if there is no such
     *     directory any more
     */
    FileStatus lookup(long directory, String name) throws HoldfastException;

    /** Returns the attributes of a file of any kind. */
    FileStatus status(long inode) throws HoldfastException;

    /** Returns the directory that holds a directory; the root holds itself. */
    long parent(long directory) throws HoldfastException;

    void setAttributes(long inode, AttributeChange change) throws HoldfastException;

    String readLink(long inode) throws HoldfastException;

    /** Opens a regular file, as {@link VolumeFiles#open}. */
    StoredFile open(long inode) throws HoldfastException;

    /** Opens a regular file as a disk, as {@link VolumeFiles#openDisk}. */
    StoredFile openDisk(long inode) throws HoldfastException;

    /**
     * Lists a directory in byte order of the names, without {@code .} and {@code ..}.
     *
     * @param after only names greater than this; empty for the first call. It need not be the name of anything
     * @param limit at most so many entries; at least 1
     */
    List<DirectoryEntry> list(long directory, String after, int limit) throws HoldfastException;

    /** Returns a cursor before the first entry of a directory. Fails with its first use, and not here. */
    default DirectoryCursor cursor(long directory) {
        return new DirectoryCursor((after, limit) -> list(directory, after, limit));
    }

    /** Creates a regular file, as {@link VolumeFiles#create}. */
    StoredFile create(long directory, String name, CreateOptions options) throws HoldfastException;

    FileStatus mkdir(long directory, String name, CreateOptions options) throws HoldfastException;

    FileStatus symlink(long directory, String name, String target) throws HoldfastException;

    /** Gives a regular file or symbolic link another name, and returns its attributes with it. */
    FileStatus link(long inode, long directory, String name) throws HoldfastException;

    /** Renames atomically, as {@link VolumeFiles#rename}. */
    void rename(long fromDirectory, String from, long toDirectory, String to) throws HoldfastException;

    /** Removes a name, as {@link VolumeFiles#remove}. */
    void remove(long directory, String name) throws HoldfastException;

    void setXattr(long inode, String name, byte[] value) throws HoldfastException;

    byte[] getXattr(long inode, String name) throws HoldfastException;

    List<String> listXattrs(long inode) throws HoldfastException;

    void removeXattr(long inode, String name) throws HoldfastException;

    /**
     * What {@code fsync} of a directory promises: every change of names, attributes and ranges that returned before this
     * call is durable, of this directory and of all others, since changes are durable in their order or not at all. It writes
     * no contents of files.
     */
    void flushDirectory(long directory) throws HoldfastException;

    /** Returns what {@code statfs} tells. */
    VolumeCapacity capacity() throws HoldfastException;
}
