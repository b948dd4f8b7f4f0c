package io.holdfast.engine;

import io.holdfast.background.ClientWaits;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Extent;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A handle of an open volume. The volume cannot be closed during one of its calls, and closing the volume closes it.
 */
final class GuardedFile implements StoredFile {
    /** Stands for the beginning of a call whose time nobody asks for. */
    private static final long COUNTED = Long.MIN_VALUE;

    private final StoredFile file;
    private final VolumeLife life;
    private final AcknowledgedChanges.OfFile changes;
    private final AtomicBoolean closed = new AtomicBoolean();
    /** What a door's clients wait for includes the calls here; they are not counted twice. */
    private volatile boolean doorCounts;

    GuardedFile(StoredFile file, VolumeLife life, AcknowledgedChanges.OfFile changes) {
        this.file = file;
        this.life = life;
        this.changes = changes;
    }

    boolean isGuardedBy(VolumeLife other) {
        return life.equals(other);
    }

    @Override
    public long inode() {
        return file.inode();
    }

    @Override
    public long size() {
        return file.size();
    }

    @Override
    public boolean checksummed() {
        return file.checksummed();
    }

    private long begin() {
        return doorCounts ? COUNTED : life.clients().begin();
    }

    private void ended(ClientWaits.Call call, long begun) {
        if (begun != COUNTED) {
            life.clients().ended(call, begun);
        }
    }

    @Override
    public void clientWaited(long nanos) {
        if (!doorCounts) {
            doorCounts = true;
        }
        life.clients().waited(ClientWaits.Call.REQUEST, nanos);
    }

    @Override
    public FileStatus status() throws HoldfastException {
        return life.call(file::status);
    }

    @Override
    public long read(long offset, MemorySegment target, Set<ReadFlag> flags) throws HoldfastException {
        long begun = begin();
        try {
            return life.call(() -> file.read(offset, target, flags));
        } finally {
            ended(ClientWaits.Call.READ, begun);
        }
    }

    @Override
    public void write(long offset, MemorySegment source, Set<WriteFlag> flags) throws HoldfastException {
        // No lambda here, unlike in the other methods: clients call this for every 4 KiB.
        long begun = begin();
        life.enter();
        try {
            life.requireOpen();
            if (flags.contains(WriteFlag.FUA)) {
                changes.requireKept();
            }
            file.write(offset, source, flags);
            changes.made();
        } catch (HoldfastException e) {
            throw life.tell(e);
        } catch (OutOfMemoryError | StackOverflowError e) {
            throw life.tell(life.failedBy(e));
        } finally {
            life.leave();
            ended(ClientWaits.Call.WRITE, begun);
        }
    }

    @Override
    public boolean writeTogether(List<WritePiece> pieces) throws HoldfastException {
        long begun = begin();
        try {
            return life.call(() -> {
                boolean written = file.writeTogether(pieces);
                if (written) {
                    changes.made();
                }
                return written;
            });
        } finally {
            ended(ClientWaits.Call.WRITE, begun);
        }
    }

    @Override
    public void flush() throws HoldfastException {
        long begun = begin();
        try {
            life.act(() -> {
                changes.requireKept();
                long mark = changes.mark();
                file.flush();
                changes.flushed(mark);
            });
        } finally {
            ended(ClientWaits.Call.FLUSH, begun);
        }
    }

    @Override
    public void allocate(long offset, long length) throws HoldfastException {
        change(() -> file.allocate(offset, length));
    }

    @Override
    public void punch(long offset, long length) throws HoldfastException {
        change(() -> file.punch(offset, length));
    }

    @Override
    public void zero(long offset, long length) throws HoldfastException {
        change(() -> file.zero(offset, length));
    }

    @Override
    public List<Extent> map(long offset, long length, int maxExtents) throws HoldfastException {
        return life.call(() -> file.map(offset, length, maxExtents));
    }

    @Override
    public void truncate(long size) throws HoldfastException {
        change(() -> file.truncate(size));
    }

    private void change(VolumeLife.Action change) throws HoldfastException {
        life.act(() -> {
            change.run();
            changes.made();
        });
    }

    @Override
    public ReadQueue openReads(String name, Runnable handedOn) throws HoldfastException {
        return new GuardedReads(life.call(() -> file.openReads(name, handedOn)));
    }

    private final class GuardedReads implements ReadQueue {
        private final ReadQueue reads;

        GuardedReads(ReadQueue reads) {
            this.reads = reads;
        }

        @Override
        public Answer read(long offset, MemorySegment target, Ended ended) {
            long begun = begin();
            life.enter();
            try {
                life.requireOpen();
                return reads.read(offset, target, whole -> {
                    ended(ClientWaits.Call.READ, begun);
                    ended.ended(whole);
                });
            } catch (HoldfastException closedWithTheVolume) {
                return Answer.REFUSED;
            } finally {
                life.leave();
            }
        }

        @Override
        public void prepare(long offset, long length) throws HoldfastException {
            life.act(() -> reads.prepare(offset, length));
        }

        @Override
        public void close() {
            reads.close();
        }
    }

    @Override
    public void close() {
        life.enter();
        try {
            life.requireOpen();
            file.close();
        } catch (HoldfastException closedWithTheVolume) {
            // The volume is closed, and its files with it.
        } catch (OutOfMemoryError | StackOverflowError e) {
            // No call that closes a handle reports an error; the next call on the volume gets this one.
            life.tell(life.failedBy(e));
        } finally {
            if (!closed.getAndSet(true)) {
                life.changes().closed(file.inode());
            }
            life.leave();
        }
    }
}
