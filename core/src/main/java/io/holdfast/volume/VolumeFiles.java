package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.util.List;

/**
 * Files of a volume as one user has them; {@link Volume} itself is nobody's, {@link Volume#as} has those of a {@link
 * FileUser}.
 *
 * <p>A file that a user has open is <em>in use</em>, until the handle is closed. While it is, nobody else renames, replaces or
 * removes it, nor renames a directory above it; and once its user {@linkplain FileUser#hasBegun has begun}, nobody else makes
 * it smaller. Such calls throw {@code IN_USE}, with the users in the message, and have changed nothing. A user's own handles
 * do not stop it. Nobody's handles stop nobody: as in POSIX, a file without a name lives until they are closed.
 */
public interface VolumeFiles {
    /**
     * Opens a regular file; symbolic links are followed.
     *
     * @throws HoldfastException {@code IN_USE} while somebody else has a {@link #claim} on it
     */
    StoredFile open(String path) throws HoldfastException;

    /**
     * Opens a regular file as a disk of somebody who was told its size: symbolic links are followed. No call on this
     * handle changes the size of the file. What reaches beyond the end that the file has <em>when the call takes
     * effect</em> throws {@code BEYOND_END}: so a write never undoes a {@link StoredFile#truncate} of another handle,
     * however long it waited. Of a long write, what lies before the end may have been written then. Reads end at the end.
     *
     * @throws HoldfastException {@code IN_USE} while somebody else has a {@link #claim} on it
     */
    StoredFile openDisk(String path) throws HoldfastException;

    /** Creates a regular file, which must not exist, and opens it. Takes the same time for every size. */
    StoredFile create(String path, CreateOptions options) throws HoldfastException;

    /**
     * Creates a regular file that has no name and opens it. Nobody else finds it; what it holds is freed with its last
     * handle or by the next opening after a crash, unless {@link #link(StoredFile, String, boolean)} gave it a name.
     */
    StoredFile createUnnamed(CreateOptions options) throws HoldfastException;

    /**
     * Gives an open file of {@link #createUnnamed} its first name, at one stroke: flush the file before, so that the name
     * never leads to less than all of it.
     *
     * @param replace take the place of a file that is there; else that is {@code EXISTS}
     * @throws HoldfastException {@code INVALID} if the file has a name, {@code CLOSED} if it is not open here
     */
    void link(StoredFile file, String path, boolean replace) throws HoldfastException;

    /** Renames atomically; an existing file, or empty directory for a directory, at {@code to} is replaced. */
    void rename(String from, String to) throws HoldfastException;

    /**
     * Removes a name: of a file, or of an empty directory. A file's space is freed in the background after its last
     * name and last handle are gone.
     */
    void remove(String path) throws HoldfastException;

    /**
     * Claims names, and all that is below those of directories, for a change that takes several calls. Until the claim is
     * closed, no other user can open what is there, and nobody else can rename, replace or remove it. A name need not exist.
     *
     * @throws HoldfastException {@code IN_USE} if others have something there open, or a claim; with {@link InUse#CUT_OFF}
     *     if users that were cut off do not end within half a minute
     */
    FileClaim claim(List<String> paths, InUse inUse) throws HoldfastException;

    /**
     * Claims a regular file, whatever its names, for a change of its size; symbolic links are followed.
     *
     * @throws HoldfastException as {@link #claim}; a user that has not begun is none for {@link InUse#REFUSE}
     */
    FileClaim claimSize(String path, InUse inUse) throws HoldfastException;

    /** Returns the same files by inode number, in the name of the same user. */
    Inodes inodes();
}
