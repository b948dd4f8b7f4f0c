package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Item;
import io.holdfast.format.LogEntry;
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
 * The inode record of an open file, and how far the log has it.
 *
 * <p>Invariants: the record is guarded by {@code lock} from the reading of it to the end of its commit, as {@link OpenInodes}
 * asks. The size is changed under the lock, and read without.
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

    /** When the content was changed since {@code record} was made, if it was: most writes change nothing else. */
    private @Nullable Instant modified;

    private boolean dirty;
    private volatile long size;
    /** Blocks that the file has by the size in the log: nothing behind them may be written, or a crash leaves it there. */
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

    /** Never changes, and so takes no lock: writeback asks while others wait for its pages with the record locked. */
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

    /** Changes the record by what the namespace wants, which commits it. */
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

    /** Puts a changed record into the log, with {@code more} changes as one. A file without a name has none there. */
    void log(FileContext.Writer writer, List<LogEntry> more) throws HoldfastException {
        lock.lock();
        try {
            if (record.links() > 0 && (dirty || !more.isEmpty())) {
                List<LogEntry> entries = new ArrayList<>(more);
                entries.add(new LogEntry.ItemChange(
                        new Item(NamespaceKeys.inode(inode), upToDate().encode())));
                writer.log().submit(entries);
            } else if (!more.isEmpty()) {
                writer.log().submit(more);
            }
            dirty = false;
            loggedBlocks = Block.count(size);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sets the size, and puts it into the log with {@code more} changes as one: no crash comes between them. If the log
     * does not take it, the file keeps its size.
     */
    void setSize(FileContext.Writer writer, long newSize, List<LogEntry> more) throws HoldfastException {
        lock.lock();
        try {
            InodeRecord before = upToDate();
            long sizeBefore = size;
            contentChanged(newSize, true);
            boolean logged = false;
            try {
                log(writer, more);
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

    /** Returns whether the log knows that the file is so long that it has this block. */
    boolean sizeIsLogged(long block) {
        return block < loggedBlocks;
    }

    /** Returns whether the log lacks the record as it is now, or {@code content} holds at the same moment. */
    boolean isAheadOr(BooleanSupplier content) {
        lock.lock();
        try {
            return dirty || content.getAsBoolean();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns whether the record need not be kept in memory, and {@code more} holds at the same moment.
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
