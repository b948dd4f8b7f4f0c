package io.holdfast.namespace;

/** Hears what happens to inodes. Called with the namespace's lock held: must not block, nor call the namespace. */
@FunctionalInterface
public interface InodeEvents {
    /**
     * A regular file has lost its last name. Its record and attributes are gone; its block map is not, and an {@link
     * Orphan} item says so. The engine frees the block map once no handle is open and the orphan is {@link
     * Orphan#isReapable}. With the last of the map it removes the orphan item. The orphan is reapable before this call,
     * unless the volume has failed.
     */
    void unlinked(long inode);

    /** A rename has given a file or directory a new path, and with it everything below. */
    default void moved(String from, String to) {}

    /** An open inode has its first name. */
    default void named(long inode, String path) {}

    /** A name is gone. */
    default void gone(String path) {}
}
