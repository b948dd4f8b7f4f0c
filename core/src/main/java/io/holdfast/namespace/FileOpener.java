package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import org.jspecify.annotations.Nullable;

/**
 * Registers a regular file as open. Called with the namespace's lock held, so that no change of the record or of the
 * file's names comes between reading the record ({@link Namespace#stored}) and {@link OpenInodes} knowing it. Two may
 * run at once: if the file may be opened and closed by others meanwhile, read the record under the lock that guards the
 * table of open files.
 *
 * @param <T> what the engine makes of it
 */
@FunctionalInterface
public interface FileOpener<T> {
    /**
     * Opens the file.
     *
     * @param path canonical: without symbolic links; null if it was opened by its number and the path is not known
     */
    T open(long inode, @Nullable String path) throws HoldfastException;
}
