package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.format.Block;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.Mapping;
import java.lang.foreign.MemorySegment;

/**
 * The read path: copies a block from the cache if it is there. Else it reads and verifies the block in private memory,
 * keeps it in the cache unless the read is direct, and copies it out.
 */
final class Reading {
    private final FileData file;
    private final boolean direct;
    private final boolean nowait;

    Reading(FileData file, boolean direct, boolean nowait) {
        this.file = file;
        this.direct = direct;
        this.nowait = nowait;
    }

    long read(long offset, MemorySegment target) throws HoldfastException {
        if (nowait) {
            if (!file.layout.readLock().tryLock()) {
                throw wouldBlock();
            }
        } else {
            file.layout.readLock().lock();
        }
        try {
            long size = file.size();
            if (Long.compareUnsigned(offset, size) >= 0) {
                return 0;
            }
            long length = target.byteSize();
            if (Long.compareUnsigned(size - offset, length) < 0) {
                length = size - offset;
            }
            long done = 0;
            while (done < length) {
                done += readSome(offset + done, target.asSlice(done, length - done));
            }
            return length;
        } finally {
            file.layout.readLock().unlock();
        }
    }

    /** Reads some bytes. Returns 0 if the block changed meanwhile; the caller then looks again. */
    private long readSome(long offset, MemorySegment target) throws HoldfastException {
        long block = FileData.blockOf(offset);
        Page page = file.lockCached(block);
        if (page != null) {
            try {
                if (page.isUptodate()) {
                    file.context.counters().cacheHits.increment();
                    return copyOut(page.memory, 0, offset, target);
                }
            } finally {
                page.lock.unlock();
            }
        }
        if (nowait && !file.lookupInMemory(block).isZeroes()) {
            throw wouldBlock();
        }
        return readMissing(offset, target);
    }

    private HoldfastException wouldBlock() {
        return new WouldBlockException(file.name() + ": the data is not in memory");
    }

    /** Reads the run of blocks from {@code offset} on that are not cached. */
    private long readMissing(long offset, MemorySegment target) throws HoldfastException {
        long first = FileData.blockOf(offset);
        long blocks = FileData.blockAfter(offset + target.byteSize()) - first;
        int count = 1;
        while (count < Math.min(blocks, file.context.reader().blocksMax) && !file.pages.contains(first + count)) {
            count++;
        }
        long[] done = new long[1];
        file.read(first, count, (index, content, at, mapping) -> {
            if (index > 0 && file.pages.contains(first + index)) {
                return false;
            }
            Inject.at(Point.READ_VERIFIED);
            if (!keep(first + index, content, at, mapping)) {
                return false;
            }
            file.context.counters().cacheMisses.increment();
            MemorySegment shown = target.asSlice(done[0]);
            done[0] += copyOut(content, at, offset + done[0], shown);
            Inject.at(Point.READ_SHOWN);
            if (Inject.off(Guard.VERIFY_PRIVATE)) {
                file.context.reader().verifyShown(file.name(), first + index, mapping, shown);
            }
            return true;
        });
        return done[0];
    }

    /**
     * Puts a block that was read into the cache if the file still holds it.
     *
     * @return false if it does not; the content must not be used then
     */
    private boolean keep(long block, MemorySegment content, long at, Mapping mapping) throws HoldfastException {
        if (direct || !mapping.isData()) {
            return file.map.isCurrent(block, mapping);
        }
        CacheFill fill = CacheFill.begin(file, block);
        if (fill == null) {
            return !file.pages.contains(block) && file.map.isCurrent(block, mapping);
        }
        try (fill) {
            if (!file.map.isCurrent(block, mapping)) {
                return false;
            }
            fill.take(content, at);
            return true;
        }
    }

    /** Copies from the block that {@code offset} lies in, as much as the block has and the target takes. */
    private static long copyOut(MemorySegment block, long at, long offset, MemorySegment target) {
        int within = FileData.within(offset);
        long n = Math.min(Block.SIZE - within, target.byteSize());
        MemorySegment.copy(block, at + within, target, 0, n);
        return n;
    }
}
