package io.holdfast.engine;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ErrorListener;
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
import java.util.concurrent.locks.Lock;

/** A handle that keeps its volume from being closed while a call runs, and is closed with it. */
final class GuardedFile implements StoredFile {
    private final StoredFile file;
    private final Lock life;
    private final Check open;
    private final ErrorListener errors;

    /** Throws {@code CLOSED} when the volume is closed. */
    interface Check {
        void requireOpen() throws HoldfastException;
    }

    /** @param life held while a call runs */
    GuardedFile(StoredFile file, Lock life, Check open, ErrorListener errors) {
        this.file = file;
        this.life = life;
        this.open = open;
        this.errors = errors;
    }

    boolean isGuardedBy(Lock lock) {
        return life.equals(lock);
    }

    private interface Call<T> {
        T run() throws HoldfastException;
    }

    private interface Action {
        void run() throws HoldfastException;
    }

    private <T> T call(Call<T> call) throws HoldfastException {
        life.lock();
        try {
            open.requireOpen();
            return call.run();
        } catch (HoldfastException e) {
            throw errors.tell(e);
        } finally {
            life.unlock();
        }
    }

    private void act(Action action) throws HoldfastException {
        life.lock();
        try {
            open.requireOpen();
            action.run();
        } catch (HoldfastException e) {
            throw errors.tell(e);
        } finally {
            life.unlock();
        }
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

    @Override
    public FileStatus status() throws HoldfastException {
        return call(file::status);
    }

    @Override
    public long read(long offset, MemorySegment target, Set<ReadFlag> flags) throws HoldfastException {
        return call(() -> file.read(offset, target, flags));
    }

    @Override
    public void write(long offset, MemorySegment source, Set<WriteFlag> flags) throws HoldfastException {
        // Written out, not a lambda as the rest: this is called for every 4 KiB.
        life.lock();
        try {
            open.requireOpen();
            file.write(offset, source, flags);
        } catch (HoldfastException e) {
            throw errors.tell(e);
        } finally {
            life.unlock();
        }
    }

    @Override
    public boolean writeTogether(List<WritePiece> pieces) throws HoldfastException {
        return call(() -> file.writeTogether(pieces));
    }

    @Override
    public void flush() throws HoldfastException {
        act(file::flush);
    }

    @Override
    public void allocate(long offset, long length) throws HoldfastException {
        act(() -> file.allocate(offset, length));
    }

    @Override
    public void punch(long offset, long length) throws HoldfastException {
        act(() -> file.punch(offset, length));
    }

    @Override
    public void zero(long offset, long length) throws HoldfastException {
        act(() -> file.zero(offset, length));
    }

    @Override
    public List<Extent> map(long offset, long length, int maxExtents) throws HoldfastException {
        return call(() -> file.map(offset, length, maxExtents));
    }

    @Override
    public void truncate(long size) throws HoldfastException {
        act(() -> file.truncate(size));
    }

    @Override
    public ReadQueue openReads(String name, Runnable handedOn) throws HoldfastException {
        return new GuardedReads(call(() -> file.openReads(name, handedOn)));
    }

    private final class GuardedReads implements ReadQueue {
        private final ReadQueue reads;

        GuardedReads(ReadQueue reads) {
            this.reads = reads;
        }

        @Override
        public Answer read(long offset, MemorySegment target, Ended ended) {
            life.lock();
            try {
                open.requireOpen();
                return reads.read(offset, target, ended);
            } catch (HoldfastException closedWithTheVolume) {
                return Answer.REFUSED;
            } finally {
                life.unlock();
            }
        }

        @Override
        public void close() {
            reads.close();
        }
    }

    @Override
    public void close() {
        life.lock();
        try {
            open.requireOpen();
            file.close();
        } catch (HoldfastException closedWithTheVolume) {
            // Closing a volume closes its files.
        } finally {
            life.unlock();
        }
    }
}
