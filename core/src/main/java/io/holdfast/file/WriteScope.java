package io.holdfast.file;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.format.Block;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpacePurpose;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/** How a call writes to a file, and the rules for size and layout that every way to write keeps. */
final class WriteScope {
    final FileData file;
    final FileContext.Writer writer;
    final Writeback writeback;
    final PageWriter pages;
    final boolean direct;
    final boolean nowait;
    private final boolean fixedSize;

    /**
     * @param fixedSize refuse a write beyond the end of the file. The check holds the lock that a truncation takes, so
     *     a write never undoes one.
     * @param direct go to the device before the write ends, and keep nothing in the cache
     * @param nowait throw {@code WOULD_BLOCK} in place of waiting
     */
    WriteScope(FileData file, Writeback writeback, boolean fixedSize, boolean direct, boolean nowait)
            throws HoldfastException {
        this.file = file;
        this.writer = file.writer();
        this.writeback = writeback;
        this.fixedSize = fixedSize;
        this.direct = direct;
        this.nowait = nowait;
        this.pages = new PageWriter(file, writer, direct, nowait);
    }

    static HoldfastException wouldBlock(FileData file) {
        return new WouldBlockException(file.name() + ": the write would wait or fall back");
    }

    HoldfastException wouldBlock() {
        return wouldBlock(file);
    }

    /**
     * Waits until there is room for the map changes of so many blocks, or throws {@code WOULD_BLOCK}; the caller ends
     * what was admitted. Called with no lock held but those of the volume's life and the handle's.
     */
    void admit(long blocks) throws HoldfastException {
        if (!nowait) {
            writer.checkpointer().admit(blocks);
        } else if (!writer.checkpointer().tryAdmit(blocks)) {
            throw wouldBlock();
        }
    }

    void endAdmitted(long blocks) {
        writer.checkpointer().budget().end(blocks);
    }

    /** Returns what a block of a piece needs at most: itself, and the map nodes on its path. */
    long needOf(long offset, MemorySegment source) {
        return 1L + file.map.nodesFor(FileData.blockAfter(offset + source.byteSize()) - 1);
    }

    /** Reserves space for a piece; null if the volume does not have so much left. */
    @Nullable
    Reservation reserve(long blocks) throws HoldfastException {
        Reservation reserved;
        try {
            reserved = writer.reserver().reserve(blocks, SpacePurpose.WRITE, false);
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.NO_SPACE) {
                throw e;
            }
            return null;
        }
        Inject.at(Point.WRITE_RESERVED);
        return reserved;
    }

    /** Returns how many of {@code length} bytes from {@code at} on lie in the block that {@code at} lies in. */
    static int inBlock(long at, long length) {
        return (int) Math.min(Block.SIZE - FileData.within(at), length);
    }

    /** Locks the layout for a write that ends at {@code end}; zeroes first what the file would grow over. */
    Lock lockLayout(long end) throws HoldfastException {
        Lock shared = file.layout.readLock();
        if (!nowait) {
            shared.lock();
        } else if (!shared.tryLock()) {
            throw wouldBlock();
        }
        if (fixedSize && !Inject.off(Guard.SIZE_HELD)) {
            boolean within = false;
            try {
                requireWithinSize(end);
                within = true;
                return shared;
            } finally {
                if (!within) {
                    shared.unlock();
                }
            }
        }
        if (!growsOverTail(end)) {
            return shared;
        }
        shared.unlock();
        if (nowait) {
            throw wouldBlock();
        }
        Lock exclusive = file.layout.writeLock();
        exclusive.lock();
        boolean done = false;
        try {
            zeroTail(end);
            done = true;
            return exclusive;
        } finally {
            if (!done) {
                exclusive.unlock();
            }
        }
    }

    /** Refuses a write that ends beyond the end of a file of fixed size. */
    void requireWithinSize(long end) throws HoldfastException {
        if (reachesBeyondSize(end)) {
            throw Ranges.beyondEnd(file, end);
        }
    }

    boolean reachesBeyondSize(long end) {
        return fixedSize && Long.compareUnsigned(end, file.size()) > 0;
    }

    boolean growsOverTail(long end) {
        return !Inject.off(Guard.TAIL_ZEROED)
                && FileData.within(file.size()) != 0
                && Long.compareUnsigned(end, file.size()) > 0;
    }

    /**
     * Zeroes the last block behind the end of the file before the file grows over it, and writes that to the device
     * before the log can have the new size. The layout must be held exclusively.
     */
    void zeroTail(long end) throws HoldfastException {
        if (growsOverTail(end)) {
            long block = FileData.blockOf(file.size());
            if (pages.zeroWithin(block, FileData.within(file.size()), Block.SIZE)) {
                writeback.writeRange(file, block, block + 1);
            }
            Inject.at(Point.TAIL_ZEROED);
        }
    }
}
