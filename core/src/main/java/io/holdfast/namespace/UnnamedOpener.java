package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;

/** Opens and closes files without a name. The namespace calls it with its lock held, so it must not call back. */
public interface UnnamedOpener<T> {
    /** Opens a new inode. Nothing of it is stored yet. */
    T open(long inode, InodeRecord record) throws HoldfastException;

    void close(T file);
}
