package io.holdfast.file;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.format.LogEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.BlockMap;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.namespace.InodeEvents;
import io.holdfast.namespace.InodeRecord;
import io.holdfast.namespace.NamespaceKeys;
import io.holdfast.namespace.OpenInodes;
import io.holdfast.volume.FileKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The open files of a volume, one {@link FileData} for each inode, however many handles.
 *
 * <p>Invariant: an entry stays until its last handle is closed and everything dirty is written; then its pages are
 * dropped and the item store has its record. Only a file that cannot be written now stays without a handle. No thread
 * holds the lock during I/O: what it read before counts only if no file has left the table meanwhile.
 */
public final class FileTable implements OpenInodes, InodeEvents {
    private final FileContext context;
    private final MetadataStore items;
    private final OrphanReaper reaper;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Entry> entries = new HashMap<>();
    /** How many files have left the table: what was read of a file before one left may be old. */
    private long removals;

    private final Set<QueuedReads> queues = ConcurrentHashMap.newKeySet();
    private @Nullable Writeback writeback;

    private static final class Entry {
        final FileData file;
        int handles;

        Entry(FileData file) {
            this.file = file;
        }
    }

    FileTable(FileContext context, MetadataStore items, OrphanReaper reaper) {
        this.context = context;
        this.items = items;
        this.reaper = reaper;
    }

    void setWriteback(Writeback newWriteback) {
        writeback = newWriteback;
    }

    /**
     * Opens an inode; called with the namespace's lock held.
     *
     * @param path canonical; null if it is not known
     */
    FileData acquire(long inode, @Nullable String path) throws HoldfastException {
        while (true) {
            long seen;
            lock.lock();
            try {
                Entry entry = entries.get(inode);
                if (entry != null) {
                    return acquire(entry, path);
                }
                seen = removals;
            } finally {
                lock.unlock();
            }
            // Reads the device, and so holds no lock that the writers of other files want.
            InodeRecord record = read(inode);
            BlockMap map = context.maps().acquire(inode);
            boolean used = false;
            lock.lock();
            try {
                Entry entry = entries.get(inode);
                if (entry == null && removals == seen) {
                    entry = add(inode, map, record);
                    used = true;
                }
                if (entry != null) {
                    return acquire(entry, path);
                }
                // Another thread may have opened, changed and closed the file since the record was read.
            } finally {
                lock.unlock();
                if (!used) {
                    context.maps().release(inode);
                }
            }
        }
    }

    private FileData acquire(Entry entry, @Nullable String path) {
        if (entry.file.path() == null) {
            entry.file.setPath(path);
        }
        entry.handles++;
        Inject.at(Point.FILE_ACQUIRED);
        return entry.file;
    }

    private InodeRecord read(long inode) throws HoldfastException {
        byte[] item = items.get(NamespaceKeys.inode(inode));
        if (item == null) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED, "%s: inode %d is missing".formatted(context.volumeName(), inode));
        }
        InodeRecord record = InodeRecord.decode(inode, item);
        if (record.kind() != FileKind.REGULAR) {
            throw new HoldfastException(
                    ErrorCode.INVALID, "%s: inode %d is not a regular file".formatted(context.volumeName(), inode));
        }
        return record;
    }

    /** Opens an inode that was created just now, as {@link #acquire}. Reads nothing. */
    FileData acquireNew(long inode, InodeRecord record) {
        lock.lock();
        try {
            Entry entry = add(inode, context.maps().acquireNew(inode), record);
            entry.handles++;
            return entry.file;
        } finally {
            lock.unlock();
        }
    }

    /** Opens an inode once more; null if it is not open. */
    @Nullable
    FileData acquireAgain(long inode) {
        lock.lock();
        try {
            Entry entry = entries.get(inode);
            if (entry == null) {
                return null;
            }
            entry.handles++;
            return entry.file;
        } finally {
            lock.unlock();
        }
    }

    private Entry add(long inode, BlockMap map, InodeRecord record) {
        Entry entry = new Entry(new FileData(context, inode, map, record));
        entries.put(inode, entry);
        return entry;
    }

    /** Closes one handle. After the last one, writes the dirty pages (without a flush) and forgets the file. */
    void release(FileData file) {
        while (!tryRelease(file)) {
            // The last handle stays counted while the file is emptied, so that no thread finds a file half gone.
            // Another thread may open, write and close the file meanwhile; then it is not empty, and this loop runs
            // again.
            empty(file);
            Inject.at(Point.FILE_EMPTIED);
        }
    }

    /**
     * Takes a handle out of the count, the last one only if nothing is lost with it. If content cannot be written,
     * because the volume has failed or the host is full, the file stays in the table without handles, and can be opened
     * and read again.
     */
    private boolean tryRelease(FileData file) {
        lock.lock();
        try {
            Entry entry = entries.get(file.inode);
            if (entry == null || entry.file != file || entry.handles == 0) {
                throw new IllegalStateException("inode %d was not open".formatted(file.inode));
            }
            boolean stuck = failed() || isWithoutRoom();
            if (entry.handles == 1 && !file.isEmpty() && !stuck) {
                return false;
            }
            if (--entry.handles > 0) {
                return true;
            }
            if (stuck && file.isAhead() && !file.unlinked() && !Inject.off(Guard.FAILED_STAYS_READABLE)) {
                return true;
            }
            entries.remove(file.inode);
            removals++;
        } finally {
            lock.unlock();
        }
        forget(file);
        return true;
    }

    /** Lets go of a file that is out of the table. */
    private void forget(FileData file) {
        drop(file);
        context.maps().release(file.inode);
        if (file.unlinked()) {
            reaper.wake();
        }
    }

    /** Forgets files without handles whose content has been written since. */
    void forgetLeft() {
        List<FileData> written = new ArrayList<>();
        lock.lock();
        try {
            entries.values().removeIf(entry -> {
                boolean done = entry.handles == 0 && (!entry.file.isAhead() || entry.file.unlinked());
                if (done) {
                    written.add(entry.file);
                    removals++;
                }
                return done;
            });
        } finally {
            lock.unlock();
        }
        written.forEach(this::forget);
    }

    void opened(QueuedReads reads) {
        queues.add(reads);
    }

    void closed(QueuedReads reads) {
        queues.remove(reads);
    }

    /** Closes all read queues and waits for their reads. */
    void closeQueues() {
        List.copyOf(queues).forEach(QueuedReads::close);
    }

    private boolean isWithoutRoom() {
        FileContext.Writer writer = context.writer();
        return writer != null && writer.room().isMissing();
    }

    private boolean failed() {
        FileContext.Writer writer = context.writer();
        return writer != null && writer.latch().failed();
    }

    /** Drops all cached pages. Only a file without a name may have dirty ones. */
    static void drop(FileData file) {
        file.layout.writeLock().lock();
        try {
            new RangePages(file, 0, Long.MAX_VALUE).drop();
        } finally {
            file.layout.writeLock().unlock();
        }
    }

    /** Writes the dirty pages, and then drops all pages. */
    private void empty(FileData file) {
        Writeback to = writeback;
        FileContext.Writer writer = context.writer();
        if (to != null && writer != null && !file.unlinked()) {
            try {
                to.writeRange(file, 0, Long.MAX_VALUE);
                file.attributes.log(writer, List.of());
            } catch (HoldfastException e) {
                if (!isWithoutRoom()) {
                    // Every later call of any handle reports it.
                    writer.latch().fail(e);
                }
                return;
            }
        }
        file.layout.writeLock().lock();
        try {
            if (isLeft(file) || file.nextInMemory(0) == Long.MAX_VALUE) {
                new RangePages(file, 0, Long.MAX_VALUE).drop();
            }
        } finally {
            file.layout.writeLock().unlock();
        }
    }

    /** Returns whether a file has no name and one handle: then nobody can open it any more. */
    private boolean isLeft(FileData file) {
        if (!file.unlinked()) {
            return false;
        }
        lock.lock();
        try {
            Entry entry = entries.get(file.inode);
            return entry != null && entry.handles == 1;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns whether an inode is an orphan that is not open, and so stays one. Both must hold at one moment: a file that
     * never had a name may get one as long as it is open.
     */
    boolean isDead(long inode) throws HoldfastException {
        while (true) {
            long seen;
            lock.lock();
            try {
                if (isOpen(inode)) {
                    return false;
                }
                seen = removals;
            } finally {
                lock.unlock();
            }
            if (items.get(NamespaceKeys.orphan(inode)) == null) {
                return false;
            }
            lock.lock();
            try {
                if (isOpen(inode)) {
                    return false;
                }
                if (removals == seen) {
                    return true;
                }
                // It may have been open since, and got a name.
            } finally {
                lock.unlock();
            }
        }
    }

    private boolean isOpen(long inode) {
        return entries.containsKey(inode) && !Inject.off(Guard.ORPHAN_STAYS_OPEN);
    }

    /** Returns the files that are open now. */
    List<FileData> files() {
        lock.lock();
        try {
            List<FileData> files = new ArrayList<>();
            entries.values().forEach(entry -> files.add(entry.file));
            return files;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the file with the most dirty pages, null if none has any. */
    @Nullable
    FileData dirtiest() {
        FileData most = null;
        lock.lock();
        try {
            for (Entry entry : entries.values()) {
                FileData file = entry.file;
                if (!file.dirty.isEmpty() && (most == null || file.dirtyEstimate() > most.dirtyEstimate())) {
                    most = file;
                }
            }
        } finally {
            lock.unlock();
        }
        return most;
    }

    private @Nullable FileData find(long inode) {
        lock.lock();
        try {
            Entry entry = entries.get(inode);
            return entry == null ? null : entry.file;
        } finally {
            lock.unlock();
        }
    }

    // ---- what the namespace wants to know ----

    @Override
    public @Nullable InodeRecord current(long inode) {
        FileData file = find(inode);
        return file == null ? null : file.attributes.record();
    }

    @Override
    public boolean update(long inode, UnaryOperator<InodeRecord> change, Commit commit) throws HoldfastException {
        FileData file = find(inode);
        if (file == null) {
            return false;
        }
        file.attributes.update(change, commit);
        return true;
    }

    @Override
    public void unlinked(long inode) {
        reaper.wake();
    }

    @Override
    public void moved(String from, String to) {
        for (FileData file : files()) {
            String path = file.path();
            if (path != null && (path.equals(from) || path.startsWith(from + "/"))) {
                file.setPath(to + path.substring(from.length()));
            }
        }
    }

    @Override
    public void named(long inode, String path) {
        FileData file = find(inode);
        if (file != null) {
            file.setPath(path);
        }
    }

    @Override
    public void gone(String path) {
        for (FileData file : files()) {
            if (path.equals(file.path())) {
                file.setPath(null);
            }
        }
    }

    /** Returns how many blocks only memory has; the caller adds what the map counts. */
    long dirtyBlocks(long inode) {
        FileData file = find(inode);
        return file == null ? 0 : file.dirtyEstimate();
    }

    static List<LogEntry> removal(long inode) {
        return List.of(new LogEntry.Drop(inode), new LogEntry.ItemChange(Item.remove(NamespaceKeys.orphan(inode))));
    }
}
