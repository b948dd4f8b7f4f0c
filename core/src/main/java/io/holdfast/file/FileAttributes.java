package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Item;
import io.holdfast.format.LogEntry;
import io.holdfast.format.MapEntry;
import io.holdfast.namespace.InodeRecord;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.namespace.OpenInodes;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The inode record of an open file, and what the log has of it.
 *
 * <p>Invariants: {@code lock} guards the record from reading it to the end of its commit, as {@link OpenInodes} asks.
 * Threads change the size under the lock and read it without.
 */
final class FileAttributes {
    /** Bytes that the record takes in the log. */
    static final int LOGGED_BYTES = LogEntry.ItemChange.bytes(NamespaceKeys.inode(0).length, InodeRecord.SIZE);

    private final long inode;
    private final InstantSource clock;
    private final boolean checksummed;
    private final ReentrantLock lock = new ReentrantLock();
    /** Without the times of {@code modified}; see {@link #upToDate}. */
    private InodeRecord record;

    /** When the content last changed since {@code record} was made, if it did: most writes change nothing else. */
    private @Nullable Instant modified;

    private boolean dirty;
    private volatile long size;
    /** The file's blocks by the size in the log: nothing may be written behind them, or a crash leaves it there. */
    private volatile long loggedBlocks;

    FileAttributes(long inode, InodeRecord record, InstantSource clock) {
        this.inode = inode;
        this.clock = clock;
        this.record = record;
        this.checksummed = record.checksummed();
        this.size = record.size();
        this.loggedBlocks = Block.count(size);
    }

    long size() {
        return size;
    }

    /** Takes no lock, as it never changes: writeback asks while threads with the record locked wait for its pages. */
    boolean checksummed() {
        return checksummed;
    }

    InodeRecord record() {
        lock.lock();
        try {
            return upToDate();
        } finally {
            lock.unlock();
        }
    }

    /** Brings the times up to date, under the lock. */
    private InodeRecord upToDate() {
        if (modified != null) {
            record = record.modified(modified);
            modified = null;
        }
        return record;
    }

    /** Applies a change of the namespace to the record; the namespace commits it. */
    void update(UnaryOperator<InodeRecord> change, OpenInodes.Commit commit) throws HoldfastException {
        lock.lock();
        try {
            InodeRecord changed = change.apply(upToDate());
            commit.commit(changed);
            record = changed;
            loggedBlocks = Block.count(size);
        } finally {
            lock.unlock();
        }
    }

    /** Notes a change of content up to {@code end}, and the new size if that is larger. */
    void contentChanged(long end) {
        contentChanged(end, false);
    }

    private void contentChanged(long end, boolean set) {
        Instant now = clock.instant();
        lock.lock();
        try {
            modified = now;
            if (set || Long.compareUnsigned(end, size) > 0) {
                record = record.withSize(end);
                size = end;
            }
            dirty = true;
        } finally {
            lock.unlock();
        }
    }

    /** Puts a changed record and {@code more} into the log as one change. A file without a name has no record there. */
    void log(FileContext.Writer writer, List<LogEntry> more) throws HoldfastException {
        log(writer, more, frees(more));
    }

    private void log(FileContext.Writer writer, List<LogEntry> more, boolean frees) throws HoldfastException {
        lock.lock();
        try {
            if (record.links() > 0 && (dirty || !more.isEmpty())) {
                List<LogEntry> entries = new ArrayList<>(more);
                entries.add(new LogEntry.ItemChange(
                        new Item(NamespaceKeys.inode(inode), upToDate().encode())));
                writer.log().submit(entries, frees);
            } else if (!more.isEmpty()) {
                writer.log().submit(more, frees);
            }
            dirty = false;
            loggedBlocks = Block.count(size);
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether this may go on when the host is full: a hole, or the record alone, whose data was accepted before. */
    private static boolean frees(List<LogEntry> changes) {
        return changes.isEmpty()
                || changes.stream()
                        .anyMatch(change -> change instanceof LogEntry.Range range && range.state() == MapEntry.HOLE);
    }

    /**
     * Sets the size and puts it into the log with {@code more} as one change: no crash separates them. If the log
     * refuses, the file keeps its size.
     */
    void setSize(FileContext.Writer writer, long newSize, List<LogEntry> more) throws HoldfastException {
        lock.lock();
        try {
            InodeRecord before = upToDate();
            long sizeBefore = size;
            contentChanged(newSize, true);
            boolean logged = false;
            try {
                // Growing frees nothing: it must leave the last room to what does.
                log(writer, more, newSize <= sizeBefore && frees(more));
                logged = true;
            } finally {
                if (!logged) {
                    record = before;
                    size = sizeBefore;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the file has this block by the size in the log. */
    boolean sizeIsLogged(long block) {
        return block < loggedBlocks;
    }

    /** Returns whether the log lacks the present record or {@code content} is true, both at one moment. */
    boolean isAheadOr(BooleanSupplier content) {
        lock.lock();
        try {
            return dirty || content.getAsBoolean();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns whether memory need not keep the record and {@code more} is true, both at one moment.
     *
     * @param readOnly nothing is written any more
     */
    boolean isDispensable(boolean readOnly, BooleanSupplier more) {
        lock.lock();
        try {
            return more.getAsBoolean() && (!dirty || record.links() == 0 || readOnly);
        } finally {
            lock.unlock();
        }
    }
}
