package io.holdfast.namespace;

/**
 * Registers a regular file as open that was created just now, as {@link FileOpener} does. The name of the file is
 * already committed. So this must neither fail nor read anything: the caller would hear that there is no file.
 *
 * @param <T> what the engine makes of the file
 */
@FunctionalInterface
public interface NewFileOpener<T> {
    T open(long inode, InodeRecord record);
}
