package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.util.List;

/**
 * The files of a volume for one user. {@link Volume#as} returns those of a {@link FileUser}; the methods of {@link
 * Volume} itself act for nobody.
 *
 * <p>A file that a user has open is <em>in use</em> until the user closes the handle. As long as it is in use, nobody
 * else renames, replaces or removes it, nor renames a directory above it. Once its user {@linkplain FileUser#hasBegun
 * has begun}, nobody else makes it smaller. Such calls throw {@code IN_USE}, with the users in the message, and have
 * changed nothing. A user's own handles do not stop that user. A handle that belongs to nobody stops no one: as in
 * POSIX, a file without a name lives until its handles are closed.
 */
public interface VolumeFiles {
    /**
     * Opens a regular file. Follows symbolic links.
     *
     * @throws HoldfastException {@code IN_USE} while somebody else has a {@link #claim} on it. Claims do not stop the
     *     methods of {@link Volume} itself, which open it for nobody
     */
    StoredFile open(String path) throws HoldfastException;

    /**
     * Opens a regular file as a disk, for a user that was told its size. Follows symbolic links. No call on this handle
     * changes the size of the file. A call that reaches beyond the end which the file has <em>when the call takes
     * effect</em> throws {@code BEYOND_END}. So a write never undoes a {@link StoredFile#truncate} of another handle,
     * however long it waited; the part of a long write that lies before the end may have been written. Reads end at the
     * end.
     *
     * @throws HoldfastException {@code IN_USE} as {@link #open}
     */
    StoredFile openDisk(String path) throws HoldfastException;

    /** Creates a regular file, which must not exist, and opens it. Takes the same time for every size. */
    StoredFile create(String path, CreateOptions options) throws HoldfastException;

    /**
     * Creates a regular file without a name and opens it. Nobody else finds it. Its space is freed after its last
     * handle is closed, or when the volume is opened after a crash, unless {@link #link(StoredFile, String, boolean)}
     * has given it a name.
     */
    StoredFile createUnnamed(CreateOptions options) throws HoldfastException;

    /**
     * Gives an open file of {@link #createUnnamed} its first name, atomically. Flush the file before, so that the name
     * never leads to less than all of it.
     *
     * @param replace take the name from a file that has it; if false, that is {@code EXISTS}
     * @throws HoldfastException {@code INVALID} if the file has a name, {@code CLOSED} if it is not open here
     */
    void link(StoredFile file, String path, boolean replace) throws HoldfastException;

    /** Renames atomically. What is at {@code to} is replaced: a file by a file, an empty directory by a directory. */
    void rename(String from, String to) throws HoldfastException;

    /**
     * Removes the name of a file, or of an empty directory. A file's space is freed in the background, after its last
     * name and its last handle are gone.
     */
    void remove(String path) throws HoldfastException;

    /**
     * Claims names for a change that takes several calls. The name of a directory covers all that is below it. Until
     * the claim is closed, no other user can open what is there, and nobody else can rename, replace or remove it. A
     * name need not exist.
     *
     * @throws HoldfastException {@code IN_USE} if others have a claim there. With {@link InUse#REFUSE}: if other users
     *     have something there open. With {@link InUse#CUT_OFF}: if users that were cut off have not closed their files
     *     after 30 seconds
     */
    FileClaim claim(List<String> paths, InUse inUse) throws HoldfastException;

    /**
     * Claims a regular file, whatever its names, for a change of its size. Follows symbolic links.
     *
     * @throws HoldfastException as {@link #claim}; with {@link InUse#REFUSE}, a user that has not begun does not count
     */
    FileClaim claimSize(String path, InUse inUse) throws HoldfastException;

    /** Returns the same files by inode number, in the name of the same user. */
    Inodes inodes();
}
