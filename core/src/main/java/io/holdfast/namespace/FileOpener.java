package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import org.jspecify.annotations.Nullable;

/**
 * Registers a regular file as open. The namespace calls this with its lock held. So nothing changes the record or the
 * names of the file between the moment when this reads the record ({@link Namespace#stored}) and the moment when {@link
 * OpenInodes} knows it. Two calls may run at once: if others may open and close the file meanwhile, read the record
 * under the lock that guards the table of open files.
 *
 * @param <T> what the engine makes of the file
 */
@FunctionalInterface
public interface FileOpener<T> {
    /**
     * Opens the file.
     *
     * @param path canonical: without symbolic links; null if the file was opened by its number and the path is not
     *     known
     */
    T open(long inode, @Nullable String path) throws HoldfastException;
}
