package io.holdfast.file;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.MapEntry;
import io.holdfast.volume.Extent;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A handle of an open file. */
final class OpenFile implements StoredFile {
    private final FileTable table;
    private final FileData file;
    private final @Nullable Writeback writeback;
    private final AtomicBoolean closed = new AtomicBoolean();

    OpenFile(FileTable table, FileData file, @Nullable Writeback writeback) {
        this.table = table;
        this.file = file;
        this.writeback = writeback;
    }

    private FileData open() throws HoldfastException {
        if (closed.get()) {
            throw new HoldfastException(ErrorCode.CLOSED, file.name() + " was closed");
        }
        return file;
    }

    private Writeback writeback() throws HoldfastException {
        open().writer();
        Writeback to = writeback;
        if (to == null) {
            throw new HoldfastException(ErrorCode.READ_ONLY, file.name() + " is on a volume open read-only");
        }
        return to;
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
        return open().status();
    }

    @Override
    public long read(long offset, MemorySegment target, Set<ReadFlag> flags) throws HoldfastException {
        return new Reading(open(), flags.contains(ReadFlag.DIRECT), flags.contains(ReadFlag.NOWAIT))
                .read(offset, target);
    }

    @Override
    public void write(long offset, MemorySegment source, Set<WriteFlag> flags) throws HoldfastException {
        Writeback to = writeback();
        boolean nowait = flags.contains(WriteFlag.NOWAIT);
        boolean fua = flags.contains(WriteFlag.FUA);
        if (nowait && fua) {
            throw new HoldfastException(
                    ErrorCode.WOULD_BLOCK, file.name() + ": making a write durable means waiting for the device");
        }
        new Writing(file, to, flags.contains(WriteFlag.DIRECT), nowait).write(offset, source);
        if (fua && source.byteSize() > 0) {
            to.flushRange(file, FileData.blockOf(offset), FileData.blockAfter(offset + source.byteSize()));
        }
    }

    @Override
    public void flush() throws HoldfastException {
        writeback().flush(file);
    }

    @Override
    public void allocate(long offset, long length) throws HoldfastException {
        new Ranges(file, writeback()).allocate(offset, length);
    }

    @Override
    public void punch(long offset, long length) throws HoldfastException {
        new Ranges(file, writeback()).change(offset, length, MapEntry.HOLE);
    }

    @Override
    public void zero(long offset, long length) throws HoldfastException {
        new Ranges(file, writeback()).change(offset, length, MapEntry.UNWRITTEN);
    }

    @Override
    public List<Extent> map(long offset, long length, int maxExtents) throws HoldfastException {
        if (maxExtents < 1) {
            throw new HoldfastException(ErrorCode.INVALID, "at least one extent must be asked for");
        }
        return new RangeMap(open()).map(offset, length, maxExtents);
    }

    @Override
    public void truncate(long size) throws HoldfastException {
        new Ranges(file, writeback()).truncate(size);
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            table.release(file);
        }
    }
}
