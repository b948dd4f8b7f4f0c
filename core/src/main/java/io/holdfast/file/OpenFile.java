package io.holdfast.file;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.MapEntry;
import io.holdfast.volume.Extent;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * A handle of an open file.
 *
 * <p>Invariant: a call holds {@code use} shared while it runs, and {@link #close} sets {@code closed} with it held
 * exclusively. So the handle gives the file up after its last call, and no call leaves a dirty page in a forgotten
 * file.
 */
final class OpenFile implements StoredFile {
    private final FileTable table;
    private final FileData file;
    private final @Nullable Writeback writeback;
    private final boolean fixedSize;
    private final FileUses uses;
    private final @Nullable FileUser user;
    private final FileUses.@Nullable Use usage;
    private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();
    private final Set<QueuedReads> queues = ConcurrentHashMap.newKeySet();
    /** Direct or not, with or without waiting. */
    private final @Nullable Writing[] writings = new Writing[4];

    private boolean closed;

    /**
     * @param fixedSize no call through this handle changes the size of the file
     * @param user whom the handle belongs to, if any
     * @param usage ends with this handle
     */
    OpenFile(
            FileTable table,
            FileData file,
            @Nullable Writeback writeback,
            boolean fixedSize,
            FileUses uses,
            @Nullable FileUser user,
            FileUses.@Nullable Use usage) {
        this.table = table;
        this.file = file;
        this.writeback = writeback;
        this.fixedSize = fixedSize;
        this.uses = uses;
        this.user = user;
        this.usage = usage;
    }

    /** A call on the open file. */
    private interface Call<T> {
        T run() throws HoldfastException;
    }

    /** A call that changes the file. */
    private interface Change {
        void run(Writeback writeback) throws HoldfastException;
    }

    private <T> T call(Call<T> call) throws HoldfastException {
        use.readLock().lock();
        try {
            requireOpen();
            return call.run();
        } finally {
            use.readLock().unlock();
        }
    }

    private void change(Change change) throws HoldfastException {
        use.readLock().lock();
        try {
            change.run(requireWritable());
        } finally {
            use.readLock().unlock();
        }
    }

    /** With {@code use} held. */
    private void requireOpen() throws HoldfastException {
        if (closed) {
            throw new HoldfastException(ErrorCode.CLOSED, file.name() + " was closed");
        }
    }

    /** With {@code use} held. */
    private Writeback requireWritable() throws HoldfastException {
        requireOpen();
        file.writer();
        if (writeback == null) {
            throw new HoldfastException(ErrorCode.READ_ONLY, file.name() + " is on a volume open read-only");
        }
        return writeback;
    }

    @Override
    public long inode() {
        return file.inode;
    }

    @Override
    public long size() {
        return file.size();
    }

    @Override
    public boolean checksummed() {
        return file.checksummed();
    }

    @Override
    public FileStatus status() throws HoldfastException {
        return call(file::status);
    }

    @Override
    public long read(long offset, MemorySegment target, Set<ReadFlag> flags) throws HoldfastException {
        return call(() -> new Reading(file, flags.contains(ReadFlag.DIRECT), flags.contains(ReadFlag.NOWAIT))
                .read(offset, target));
    }

    @Override
    public void write(long offset, MemorySegment source, Set<WriteFlag> flags) throws HoldfastException {
        boolean nowait = flags.contains(WriteFlag.NOWAIT);
        boolean fua = flags.contains(WriteFlag.FUA);
        // Not a lambda, unlike the rest: clients call this for every 4 KiB.
        use.readLock().lock();
        try {
            Writeback to = requireWritable();
            if (nowait && fua) {
                throw new HoldfastException(
                        ErrorCode.WOULD_BLOCK, file.name() + ": making a write durable means waiting for the device");
            }
            writing(to, flags.contains(WriteFlag.DIRECT), nowait).write(offset, source);
            if (fua && source.byteSize() > 0) {
                to.flushRange(file, FileData.blockOf(offset), FileData.blockAfter(offset + source.byteSize()));
            }
        } finally {
            use.readLock().unlock();
        }
    }

    @Override
    public boolean writeTogether(List<WritePiece> pieces) throws HoldfastException {
        return call(() -> writing(requireWritable(), false, false).writeTogether(pieces));
    }

    /** Returns the write path for such writes. Two threads may both make it; either one serves. */
    private Writing writing(Writeback to, boolean direct, boolean nowait) throws HoldfastException {
        int way = (direct ? 1 : 0) + (nowait ? 2 : 0);
        Writing made = writings[way];
        if (made == null) {
            made = new Writing(new WriteScope(file, to, fixedSize, direct, nowait));
            writings[way] = made;
        }
        return made;
    }

    @Override
    public void flush() throws HoldfastException {
        change(to -> to.flush(file));
    }

    @Override
    public void allocate(long offset, long length) throws HoldfastException {
        change(to -> new Ranges(file, to, fixedSize).allocate(offset, length));
    }

    @Override
    public void punch(long offset, long length) throws HoldfastException {
        change(to -> new Ranges(file, to, fixedSize).change(offset, length, MapEntry.HOLE));
    }

    @Override
    public void zero(long offset, long length) throws HoldfastException {
        change(to -> new Ranges(file, to, fixedSize).change(offset, length, MapEntry.UNWRITTEN));
    }

    @Override
    public List<Extent> map(long offset, long length, int maxExtents) throws HoldfastException {
        if (maxExtents < 1) {
            throw new HoldfastException(ErrorCode.INVALID, "at least one extent must be asked for");
        }
        return call(() -> new RangeMap(file).map(offset, length, maxExtents));
    }

    @Override
    public void truncate(long size) throws HoldfastException {
        change(to -> {
            if (Long.compareUnsigned(size, file.size()) < 0) {
                uses.requireUncut(file, user);
            }
            new Ranges(file, to, fixedSize).truncate(size);
        });
    }

    @Override
    public ReadQueue openReads(String name, Runnable handedOn) throws HoldfastException {
        return call(() -> {
            QueuedReads reads = new QueuedReads(file, name, handedOn, this::closed);
            queues.add(reads);
            table.opened(reads);
            return reads;
        });
    }

    private void closed(QueuedReads reads) {
        queues.remove(reads);
        table.closed(reads);
    }

    @Override
    public void close() {
        use.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
        } finally {
            use.writeLock().unlock();
        }
        List.copyOf(queues).forEach(QueuedReads::close);
        table.release(file);
        if (usage != null) {
            uses.end(usage);
        }
    }
}
