package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The records of open files, which are newer than what is stored. Implemented by the engine.
 *
 * <p>The namespace changes such a record (links, owner, times) and the open file does too (size, times), and both
 * store it. So that neither overwrites the other, the open file must guard its record by a lock of its own, and hold it
 * (1) during {@link #update}, and (2) from reading the record until it is committed whenever it stores it itself. Under
 * this lock it must not call the namespace, nor take the lock of another file. A record with no links must not be
 * stored: its item is gone for good.
 *
 * <p>The namespace calls with its own lock held, for inodes of any kind.
 */
public interface OpenInodes {
    /** Returns the record of an open file, or null if the inode is not open. */
    @Nullable
    InodeRecord current(long inode);

    /**
     * Changes the record of an open file: applies {@code change} to it, passes the result (or, if what is stored is
     * meant to lag behind, {@code change} applied to that) to {@code commit}, and makes it the current one if that
     * returned. If it throws, the record stays as it was and the exception is passed on.
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
