package io.holdfast.namespace;

/** Told what happens to inodes. Called with the namespace's lock held: must not block, nor call the namespace. */
@FunctionalInterface
public interface InodeEvents {
    /**
     * A regular file has no name left. Its record and attributes are gone; its block map is not, and an {@link Orphan}
     * item says so. When no handle is open any more and the orphan is {@link Orphan#isReapable} (which it is before this
     * is called, unless the volume has failed), the engine frees the block map and removes its items, and the orphan
     * item with the last of it.
     */
    void unlinked(long inode);

    /** A name has become another one, and so have all below it. With the namespace's lock held. */
    default void moved(String from, String to) {}

    /** An open inode has got its first name. With the namespace's lock held. */
    default void named(long inode, String path) {}

    /** A name is gone. With the namespace's lock held. */
    default void gone(String path) {}
}
