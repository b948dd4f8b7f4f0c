package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The records of open files, which are newer than the stored ones. Implemented by the engine.
 *
 * <p>The namespace changes such a record (links, owner, times), and so does the open file (size, times); both store it.
 * Neither may overwrite the other. So the open file guards its record by a lock of its own. It holds this lock during
 * {@link #update}. It also holds it whenever it stores the record itself, from reading the record until the commit.
 * Under this lock it must not call the namespace, nor take the lock of another file. It must not store a record without
 * links: the item of that record is gone for good.
 *
 * <p>The namespace calls with its own lock held, for inodes of any kind.
 */
public interface OpenInodes {
    /** Returns the record of an open file, or null if the inode is not open. */
    @Nullable
    InodeRecord current(long inode);

    /**
     * Changes the record of an open file: applies {@code change} to it, passes the result to {@code commit}, and makes
     * it the current record when that has returned. If the stored record is meant to lag behind, {@code commit} gets
     * {@code change} applied to that one. If {@code commit} throws, the record stays as it was, and this throws the
     * same exception.
     *
     * @return false if the inode is not open; nothing was called then
     */
    boolean update(long inode, UnaryOperator<InodeRecord> change, Commit commit) throws HoldfastException;

    /** Stores a changed record together with the rest of the namespace's change. */
    @FunctionalInterface
    interface Commit {
        void commit(InodeRecord changed) throws HoldfastException;
    }
}
