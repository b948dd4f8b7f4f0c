package io.holdfast.namespace;

/**
 * Registers a regular file as open that was created just now, as {@link FileOpener}. The file has its name by then, so
 * this must neither fail nor read anything: the caller would be told that there is no file.
 *
 * @param <T> what the engine makes of it
 */
@FunctionalInterface
public interface NewFileOpener<T> {
    T open(long inode, InodeRecord record);
}
