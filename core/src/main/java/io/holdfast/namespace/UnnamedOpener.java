package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;

/** Opens and closes files that have no name. Called with the namespace's lock held, so it must not call back. */
public interface UnnamedOpener<T> {
    /** Opens a new inode, of which nothing is stored. */
    T open(long inode, InodeRecord record) throws HoldfastException;

    void close(T file);
}
