package io.holdfast.cli.control;

import io.holdfast.cli.control.VolumeRequest.OpenedFile;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Extent;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Progress;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A file of a {@link RemoteVolume}. A read or write that does not fit into one frame is split between blocks into
 * several; that is allowed, since only a block is atomic.
 */
final class RemoteFile implements StoredFile {
    /** Data in one frame. The server has the frames of all its connections on its heap. */
    private static final int PART_BYTES_MAX = 256 << 10;

    private final ControlClient client;
    private final OpenedFile file;
    private final AtomicBoolean closed = new AtomicBoolean();

    RemoteFile(ControlClient client, OpenedFile file) {
        this.client = client;
        this.file = file;
    }

    @Override
    public long inode() {
        return file.inode();
    }

    @Override
    public long size() {
        try {
            return client.call(new FileRequest.Size(file.handle()), Long.class);
        } catch (HoldfastException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean checksummed() {
        return file.checksummed();
    }

    @Override
    public FileStatus status() throws HoldfastException {
        return client.call(new FileRequest.Status(file.handle()), FileStatus.class);
    }

    @Override
    public long read(long offset, MemorySegment target, Set<ReadFlag> flags) throws HoldfastException {
        long done = 0;
        while (done < target.byteSize()) {
            int part = part(offset + done, target.byteSize() - done);
            ByteBuffer data = client.call(new FileRequest.Read(file.handle(), offset + done, part, flags))
                    .data();
            int read = Math.min(data.remaining(), part);
            MemorySegment.copy(MemorySegment.ofBuffer(data), 0, target, done, read);
            done += read;
            if (read < part) {
                break;
            }
        }
        return done;
    }

    @Override
    public void write(long offset, MemorySegment source, Set<WriteFlag> flags) throws HoldfastException {
        long done = 0;
        while (done < source.byteSize()) {
            int part = part(offset + done, source.byteSize() - done);
            ByteBuffer data = ByteBuffer.allocate(part);
            MemorySegment.copy(source, done, MemorySegment.ofBuffer(data), 0, part);
            client.call(new FileRequest.Write(file.handle(), offset + done, flags), data, Progress.NONE);
            done += part;
        }
    }

    /**
     * Returns how much of {@code length} goes into one frame, so that the next frame begins at the start of a block.
     */
    private static int part(long offset, long length) {
        long inBlock = Long.remainderUnsigned(offset, Volume.BLOCK_SIZE);
        return (int) Math.min(length, PART_BYTES_MAX - inBlock);
    }

    @Override
    public void flush() throws HoldfastException {
        client.call(new FileRequest.Flush(file.handle()));
    }

    @Override
    public void allocate(long offset, long length) throws HoldfastException {
        client.call(new FileRequest.Allocate(file.handle(), offset, length));
    }

    @Override
    public void punch(long offset, long length) throws HoldfastException {
        client.call(new FileRequest.Punch(file.handle(), offset, length));
    }

    @Override
    public void zero(long offset, long length) throws HoldfastException {
        client.call(new FileRequest.Zero(file.handle(), offset, length));
    }

    @Override
    public List<Extent> map(long offset, long length, int maxExtents) throws HoldfastException {
        return client.callForList(new FileRequest.Map(file.handle(), offset, length, maxExtents), Extent.class);
    }

    @Override
    public void truncate(long size) throws HoldfastException {
        client.call(new FileRequest.Truncate(file.handle(), size));
    }

    void name(String path, boolean replace) throws HoldfastException {
        client.call(new FileRequest.Name(file.handle(), path, replace));
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            try {
                client.call(new FileRequest.Close(file.handle()));
            } catch (HoldfastException e) {
                System.getLogger(RemoteFile.class.getName())
                        .log(System.Logger.Level.DEBUG, "the server closes the file with the connection", e);
            }
        }
    }
}
