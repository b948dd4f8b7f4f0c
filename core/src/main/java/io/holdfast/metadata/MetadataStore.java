package io.holdfast.metadata;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The volume's items: the metadata tree, and the changes on top that no checkpoint has yet. Thread-safe; a reader sees
 * each commit whole or not at all only if it holds a lock that excludes the writer.
 */
public interface MetadataStore {
    /** Returns the value, or null if there is no such item. The array must not be changed. */
    byte @Nullable [] get(byte[] key) throws HoldfastException;

    /**
     * Returns up to {@code limit} items with {@code from <= key < to} in ascending order, removed ones left out.
     */
    List<Item> scan(byte[] from, byte[] to, int limit) throws HoldfastException;

    /**
     * Does as {@link #scan}, and leaves out what is lost. For lists of work: what is found is so, and more may be lost.
     *
     * @throws HoldfastException if something cannot be read of which it is not known that it is lost
     */
    List<Item> scanKnown(byte[] from, byte[] to, int limit) throws HoldfastException;

    /**
     * Applies changes as one: after a crash all or none of them are there, and only with all that were committed
     * before. Durable after a later flush. All changes together have at most {@link #COMMIT_BYTES_MAX} bytes of keys
     * and values.
     *
     * @param freesSpace true for a change that frees space (a removal): it may use the last blocks of a full volume
     * @throws HoldfastException {@code NO_SPACE}; then nothing was changed
     */
    void commit(List<Item> changes, boolean freesSpace) throws HoldfastException;

    /** Returns a number above those of all inodes that the last checkpoint has; 0 if none is known. */
    long inodesBelow();

    /** 96 KiB: room for the largest extended attribute with its inode. */
    int COMMIT_BYTES_MAX = 96 << 10;
}
