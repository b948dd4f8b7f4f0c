package io.holdfast.volume;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.List;

/**
 * The files of a volume by inode number, for doors whose clients keep numbers (FUSE, NFS). {@link VolumeFiles} has the
 * same files by path. Thread-safe; every method blocks.
 *
 * <p><b>Names.</b> A name is one name in a directory, not a path: 1 to 255 bytes of UTF-8 without {@code /} and NUL.
 * {@code .} and {@code ..} are not stored and are {@code INVALID}; {@link #parent} says where {@code ..} leads. No
 * method follows symbolic links.
 *
 * <p><b>Numbers.</b> {@link #ROOT} is the root directory. As long as the volume is open, a number belongs to one file.
 * When the last name of the file is gone, the number is {@code STALE} for good in every call here. This is so even
 * while a {@link StoredFile} keeps the file; that handle goes on working. A number becomes durable by a flush of
 * anything that began after the file was created, or by a {@link Volume#sync}. After the volume was opened again, a
 * durable number still is that file's or {@code STALE}. A number that had not become durable may be given to another
 * file after a crash: nobody was promised that the first one exists. So a door flushes before it hands out numbers that
 * outlive its process.
 *
 * <p><b>Use.</b> A file that a user has opened here is in use, as {@link VolumeFiles} says. The volume knows it by the
 * name under which a {@link #lookup} last found it, and remembers such names of a few thousand files. If it has
 * forgotten the name of a file, nobody else renames, replaces or removes any of the file's names. But others may then
 * rename a directory above the file, and a {@linkplain VolumeFiles#claim claim} on such a directory does not cover it.
 *
 * <p><b>Errors and durability</b> are those of the methods of {@link Volume} with the same names. In addition, every
 * method throws {@code STALE}. A number of a file of the wrong kind is {@code NOT_A_DIRECTORY}, {@code IS_A_DIRECTORY}
 * or {@code INVALID}.
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
     * @param after lists only names greater than this, which need not exist; empty for the first call
     * @param limit the most entries to return; at least 1
     */
    List<DirectoryEntry> list(long directory, String after, int limit) throws HoldfastException;

    /**
     * Lists numbers in ascending order, of files with a name and without; also such as turn out to be {@code STALE}. It looks at
     * all items of all files once, so it is for a rescue, not for a door.
     *
     * @param after lists only numbers greater than this, unsigned; 0 for the first call
     * @param limit the most numbers to return; at least 1
     * @throws HoldfastException {@code UNSUPPORTED} if the volume is open in another process
     */
    default List<Long> numbers(long after, int limit) throws HoldfastException {
        throw new HoldfastException(
                ErrorCode.UNSUPPORTED, "the numbers of all files are not to be had through another process");
    }

    /** Returns a cursor before the first entry of a directory. A wrong number fails with its first use, not here. */
    default DirectoryCursor cursor(long directory) {
        return new DirectoryCursor((after, limit) -> list(directory, after, limit));
    }

    /** Creates a regular file, as {@link VolumeFiles#create}. */
    StoredFile create(long directory, String name, CreateOptions options) throws HoldfastException;

    FileStatus mkdir(long directory, String name, CreateOptions options) throws HoldfastException;

    FileStatus symlink(long directory, String name, String target) throws HoldfastException;

    /** Gives a regular file or symbolic link another name, and returns its new attributes. */
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
     * Does what {@code fsync} of a directory promises. Every change of names, attributes and ranges that returned
     * before this call is then durable, in this directory and in all others: changes become durable in their order or
     * not at all. Writes no contents of files.
     */
    void flushDirectory(long directory) throws HoldfastException;

    /** Returns what {@code statfs(2)} tells. */
    VolumeCapacity capacity() throws HoldfastException;
}
