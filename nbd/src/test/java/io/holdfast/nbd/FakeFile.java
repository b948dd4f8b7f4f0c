package io.holdfast.nbd;

import io.holdfast.volume.Extent;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/** A sparse file in memory: a map of blocks, an empty one being unwritten. */
final class FakeFile implements StoredFile {
    private static final int BLOCK = Volume.BLOCK_SIZE;
    private static final byte[] UNWRITTEN = {};

    private final ReentrantLock lock = new ReentrantLock();
    private final TreeMap<Long, byte[]> blocks = new TreeMap<>();
    private long size;

    FakeFile(long size) {
        this.size = size;
    }

    @Override
    public long inode() {
        return 2;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean checksummed() {
        return true;
    }

    @Override
    public FileStatus status() {
        throw new UnsupportedOperationException("the fake file has no attributes");
    }

    @Override
    public long read(long offset, MemorySegment target, Set<ReadFlag> flags) {
        lock.lock();
        try {
            long length = Math.clamp(size - offset, 0, target.byteSize());
            for (long done = 0; done < length; ) {
                long at = offset + done;
                long step = Math.min(BLOCK - at % BLOCK, length - done);
                byte[] block = blocks.getOrDefault(at / BLOCK, UNWRITTEN);
                if (block.length == 0) {
                    target.asSlice(done, step).fill((byte) 0);
                } else {
                    MemorySegment.copy(MemorySegment.ofArray(block), at % BLOCK, target, done, step);
                }
                done += step;
            }
            return length;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void write(long offset, MemorySegment source, Set<WriteFlag> flags) {
        lock.lock();
        try {
            for (long done = 0; done < source.byteSize(); ) {
                long at = offset + done;
                long step = Math.min(BLOCK - at % BLOCK, source.byteSize() - done);
                byte[] block = blocks.get(at / BLOCK);
                if (block == null || block.length == 0) {
                    block = new byte[BLOCK];
                    blocks.put(at / BLOCK, block);
                }
                MemorySegment.copy(source, done, MemorySegment.ofArray(block), at % BLOCK, step);
                done += step;
            }
            size = Math.max(size, offset + source.byteSize());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void flush() {}

    @Override
    public void allocate(long offset, long length) {
        throw new UnsupportedOperationException("the fake file does not allocate");
    }

    @Override
    public void punch(long offset, long length) {
        clear(offset, length, false);
    }

    @Override
    public void zero(long offset, long length) {
        clear(offset, length, true);
    }

    private void clear(long offset, long length, boolean keep) {
        lock.lock();
        try {
            long end = Math.min(offset + length, size);
            long first = Math.ceilDiv(offset, BLOCK);
            long last = end == size ? Math.ceilDiv(end, BLOCK) : end / BLOCK;
            if (first >= last) {
                write(offset, MemorySegment.ofArray(new byte[(int) (end - offset)]), Set.of());
                return;
            }
            if (offset % BLOCK != 0) {
                write(offset, MemorySegment.ofArray(new byte[(int) (first * BLOCK - offset)]), Set.of());
            }
            if (end > last * BLOCK) {
                write(last * BLOCK, MemorySegment.ofArray(new byte[(int) (end - last * BLOCK)]), Set.of());
            }
            Map<Long, byte[]> range = blocks.subMap(first, last);
            range.clear();
            if (keep) {
                Map<Long, byte[]> reserved = new HashMap<>();
                for (long block = first; block < last; block++) {
                    reserved.put(block, UNWRITTEN);
                }
                blocks.putAll(reserved);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Extent> map(long offset, long length, int maxExtents) {
        lock.lock();
        try {
            List<Extent> extents = new ArrayList<>();
            long end = Math.min(offset + length, size);
            long start = offset;
            while (start < end && extents.size() < maxExtents) {
                Extent.State state = state(start / BLOCK);
                long stop = start;
                while (stop < end && state(stop / BLOCK) == state) {
                    Long next = blocks.higherKey(stop / BLOCK);
                    boolean hole = state == Extent.State.HOLE;
                    long to = hole ? (next == null ? end : next * BLOCK) : (stop / BLOCK + 1) * BLOCK;
                    stop = Math.min(end, to);
                }
                extents.add(new Extent(start, stop - start, state));
                start = stop;
            }
            return extents;
        } finally {
            lock.unlock();
        }
    }

    private Extent.State state(long block) {
        byte[] data = blocks.get(block);
        if (data == null) {
            return Extent.State.HOLE;
        }
        return data.length == 0 ? Extent.State.UNWRITTEN : Extent.State.WRITTEN;
    }

    @Override
    public void truncate(long bytes) {
        lock.lock();
        try {
            blocks.tailMap(Math.ceilDiv(bytes, BLOCK)).clear();
            size = bytes;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {}
}
