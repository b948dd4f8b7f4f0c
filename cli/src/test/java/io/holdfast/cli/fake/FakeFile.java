package io.holdfast.cli.fake;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Extent;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** An open file in memory. Written blocks exist, all others are holes. */
final class FakeFile implements StoredFile {
    private final FakeVolume volume;
    final FakeNode node;
    private boolean closed;

    FakeFile(FakeVolume volume, FakeNode node) {
        this.volume = volume;
        this.node = node;
    }

    @Override
    public long inode() {
        return node.inode;
    }

    @Override
    public long size() {
        return volume.locked(() -> node.size);
    }

    @Override
    public boolean checksummed() {
        return node.checksummed;
    }

    @Override
    public FileStatus status() throws HoldfastException {
        return volume.locked(node::status);
    }

    @Override
    public long read(long offset, MemorySegment target, Set<ReadFlag> flags) throws HoldfastException {
        checkOpen();
        return volume.lockedIo(() -> {
            long length = Math.clamp(node.size - offset, 0, target.byteSize());
            for (long done = 0; done < length; ) {
                long at = offset + done;
                long inBlock = at % Volume.BLOCK_SIZE;
                long part = Math.min(Volume.BLOCK_SIZE - inBlock, length - done);
                volume.checkReadable(node.inode, at / Volume.BLOCK_SIZE);
                byte[] block = node.blocks.getOrDefault(at / Volume.BLOCK_SIZE, FakeVolume.ZEROES);
                MemorySegment.copy(MemorySegment.ofArray(block), inBlock, target, done, part);
                done += part;
            }
            return length;
        });
    }

    @Override
    public void write(long offset, MemorySegment source, Set<WriteFlag> flags) throws HoldfastException {
        checkOpen();
        volume.change(() -> {
            for (long done = 0; done < source.byteSize(); ) {
                long at = offset + done;
                long inBlock = at % Volume.BLOCK_SIZE;
                long part = Math.min(Volume.BLOCK_SIZE - inBlock, source.byteSize() - done);
                volume.allocate(node, at / Volume.BLOCK_SIZE);
                byte[] block = node.blocks.get(at / Volume.BLOCK_SIZE);
                MemorySegment.copy(source, done, MemorySegment.ofArray(block), inBlock, part);
                done += part;
            }
            node.size = Math.max(node.size, offset + source.byteSize());
        });
    }

    @Override
    public void flush() throws HoldfastException {
        checkOpen();
        volume.flushes.incrementAndGet();
    }

    @Override
    public void allocate(long offset, long length) throws HoldfastException {
        volume.change(() -> {});
    }

    @Override
    public void punch(long offset, long length) throws HoldfastException {
        volume.change(() -> {
            long first = Math.ceilDiv(offset, Volume.BLOCK_SIZE);
            long end = (offset + length) / Volume.BLOCK_SIZE;
            node.blocks.subMap(first, end).clear();
        });
    }

    @Override
    public void zero(long offset, long length) throws HoldfastException {
        punch(offset, length);
    }

    @Override
    public List<Extent> map(long offset, long length, int maxExtents) throws HoldfastException {
        checkOpen();
        return volume.locked(() -> {
            List<Extent> extents = new ArrayList<>();
            long end = Math.min(offset + length, node.size);
            for (long at = offset; at < end && extents.size() < maxExtents; ) {
                boolean written = isWritten(at);
                long from = at;
                if (!written) {
                    // In one step: a disk of a petabyte is one hole in many tests.
                    Long next = node.blocks.ceilingKey(at / Volume.BLOCK_SIZE);
                    at = next == null || next > end / Volume.BLOCK_SIZE ? end : next * Volume.BLOCK_SIZE;
                }
                while (written && at < end && isWritten(at)) {
                    at = Math.min(end, (at / Volume.BLOCK_SIZE + 1) * Volume.BLOCK_SIZE);
                }
                extents.add(new Extent(from, at - from, written ? Extent.State.WRITTEN : Extent.State.HOLE));
            }
            return extents;
        });
    }

    private boolean isWritten(long offset) {
        return node.blocks.containsKey(offset / Volume.BLOCK_SIZE);
    }

    @Override
    public void truncate(long size) throws HoldfastException {
        checkOpen();
        volume.change(() -> {
            if (Long.compareUnsigned(size, node.size) < 0) {
                node.blocks.tailMap(Math.ceilDiv(size, Volume.BLOCK_SIZE)).clear();
            }
            node.size = size;
        });
    }

    private void checkOpen() throws HoldfastException {
        if (closed) {
            throw new HoldfastException(ErrorCode.CLOSED, "the file is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            volume.openFiles.decrementAndGet();
        }
    }
}
