package io.holdfast.file;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.mapping.MapExtent;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpacePurpose;
import java.util.ArrayList;
import java.util.List;

/**
 * Operations on ranges of a file: punch, zero, allocate, truncate. Whole blocks change in the map alone; parts of
 * blocks are zeroed like a small write.
 */
final class Ranges {
    /** Blocks whose state one step of an allocation may change one by one. */
    private static final int STEP_BLOCKS = 4096;

    private final FileData file;
    private final Writeback writeback;
    private final boolean fixedSize;

    /** @param fixedSize refuse truncations, and calls that reach beyond the end of the file */
    Ranges(FileData file, Writeback writeback, boolean fixedSize) {
        this.file = file;
        this.writeback = writeback;
        this.fixedSize = fixedSize;
    }

    /** Makes a range hole or unwritten. */
    void change(long offset, long length, int state) throws HoldfastException {
        checkRange(file, offset, length);
        FileContext.Writer writer = file.writer();
        writeback.throttle();
        admitted(writer, ChangeBudget.RANGE_BLOCKS, () -> changeAdmitted(writer, offset, length, state));
        writer.checkpointer().poke();
    }

    /** Runs a change of so many blocks at most, once there is room for it. */
    private static void admitted(FileContext.Writer writer, long blocks, Step change) throws HoldfastException {
        writer.checkpointer().admit(blocks);
        try {
            change.run();
        } finally {
            writer.checkpointer().budget().end(blocks);
        }
    }

    private void changeAdmitted(FileContext.Writer writer, long offset, long length, int state)
            throws HoldfastException {
        file.layout.writeLock().lock();
        try {
            requireWithinSize(offset + length);
            long end = clamp(file, offset + length);
            if (Long.compareUnsigned(offset, end) >= 0) {
                return;
            }
            zeroEdges(offset, end);
            long first = FileData.blockAfter(offset);
            long last = wholeBefore(end);
            file.attributes.contentChanged(0);
            if (first < last) {
                changeBlocks(writer, first, last, state);
            }
        } finally {
            file.layout.writeLock().unlock();
        }
    }

    /** Zeroes the parts of blocks at both ends of a range. */
    private void zeroEdges(long offset, long end) throws HoldfastException {
        PageWriter edges = new PageWriter(file, file.writer(), false, false);
        long head = FileData.blockOf(offset);
        long tail = FileData.blockOf(end);
        boolean partialTail = FileData.within(end) != 0 && wholeBefore(end) == tail;
        if (FileData.within(offset) != 0) {
            // Not behind the end of the file: a write that grows the file zeroes that, in an order that a crash
            // respects.
            int to = head == tail ? FileData.within(end) : Block.SIZE;
            edges.zeroWithin(head, FileData.within(offset), to);
        }
        if (partialTail && (head < tail || FileData.within(offset) == 0)) {
            edges.zeroWithin(tail, 0, FileData.within(end));
        }
    }

    /**
     * Returns the block behind the last whole one before {@code end}. The last block of the file counts as whole if the
     * range reaches the end: nothing behind it is defined.
     */
    private long wholeBefore(long end) {
        return end == file.size() ? FileData.blockAfter(end) : FileData.blockOf(end);
    }

    private void changeBlocks(FileContext.Writer writer, long first, long last, int state) throws HoldfastException {
        long need = 2L * MapEntry.LEVELS_MAX + (state == MapEntry.UNWRITTEN ? last - first : 0);
        try (Reservation _ = writer.reserver()
                .reserve(need, state == MapEntry.UNWRITTEN ? SpacePurpose.WRITE : SpacePurpose.RELEASE, false)) {
            LogEntry range = new LogEntry.Range(file.inode, first, last - first, state);
            dropOnce(first, last, () -> file.attributes.log(writer, List.of(range)));
        }
    }

    /** A part of a change. */
    private interface Step {
        void run() throws HoldfastException;
    }

    /**
     * Drops the pages of a range once the log says that its blocks are gone. If the log refuses, the pages stay: they
     * hold acknowledged data, and the device has older content below it.
     */
    private void dropOnce(long first, long end, Step logging) throws HoldfastException {
        RangePages pages = new RangePages(file, first, end);
        if (Inject.off(Guard.LOGGED_BEFORE_DROPPED)) {
            pages.drop();
            logging.run();
            return;
        }
        List<Page> dirty = pages.lockDirty();
        boolean logged = false;
        try {
            Inject.at(Point.RANGE_LOCKED);
            logging.run();
            logged = true;
        } finally {
            dirty.forEach(logged ? file::drop : file::unlock);
        }
        pages.drop();
        Inject.at(Point.RANGE_DROPPED);
    }

    void allocate(long offset, long length) throws HoldfastException {
        checkRange(file, offset, length);
        FileContext.Writer writer = file.writer();
        if (length == 0) {
            return;
        }
        long first = FileData.blockOf(offset);
        long last = FileData.blockAfter(offset + length);
        long[] at = {first};
        do {
            // The last hole of a step may add as much as a range does.
            admitted(writer, STEP_BLOCKS + ChangeBudget.RANGE_BLOCKS, () -> {
                at[0] = allocateFrom(writer, at[0], last, offset + length);
            });
            writer.checkpointer().poke();
        } while (at[0] < last);
    }

    /**
     * Allocates a part of a range; returns where the next part begins.
     *
     * @param end of the whole range in bytes
     */
    private long allocateFrom(FileContext.Writer writer, long first, long last, long end) throws HoldfastException {
        file.layout.writeLock().lock();
        try {
            requireWithinSize(end);
            writeback.writeRange(file, first, last);
            List<LogEntry> holes = new ArrayList<>();
            long blocks = 0;
            long singly = 0;
            long at = first;
            while (at < last && singly < STEP_BLOCKS) {
                MapExtent run = file.run(at);
                long next = Math.min(last, at + run.length());
                if (MapEntry.state(run.word()) == MapEntry.HOLE) {
                    blocks += next - at;
                    singly += Math.min(next - at, ChangeBudget.RANGE_BLOCKS);
                    addHole(holes, at, next - at);
                }
                at = next;
            }
            long need = blocks + holes.size() * 2L * MapEntry.LEVELS_MAX;
            try (Reservation _ = writer.reserver().reserve(need, SpacePurpose.WRITE, false)) {
                for (LogEntry hole : holes) {
                    file.attributes.log(writer, List.of(hole));
                }
            }
            return at;
        } finally {
            file.layout.writeLock().unlock();
        }
    }

    private void addHole(List<LogEntry> holes, long first, long count) {
        if (!holes.isEmpty()
                && holes.getLast() instanceof LogEntry.Range before
                && before.first() + before.count() == first) {
            holes.removeLast();
            holes.add(new LogEntry.Range(file.inode, before.first(), before.count() + count, MapEntry.UNWRITTEN));
        } else {
            holes.add(new LogEntry.Range(file.inode, first, count, MapEntry.UNWRITTEN));
        }
    }

    void truncate(long size) throws HoldfastException {
        if (fixedSize) {
            throw new HoldfastException(ErrorCode.INVALID, file.name() + " was opened as a disk, whose size stays");
        }
        FileContext.Writer writer = file.writer();
        writeback.throttle();
        admitted(writer, ChangeBudget.RANGE_BLOCKS, () -> truncateAdmitted(writer, size));
        writer.checkpointer().poke();
    }

    private void truncateAdmitted(FileContext.Writer writer, long size) throws HoldfastException {
        file.layout.writeLock().lock();
        try {
            if (Long.compareUnsigned(size, file.size()) > 0) {
                new WriteScope(file, writeback, false, false, false).zeroTail(size);
                file.attributes.setSize(writer, size, List.of());
            } else {
                cut(writer, size);
            }
        } finally {
            file.layout.writeLock().unlock();
        }
    }

    private void cut(FileContext.Writer writer, long size) throws HoldfastException {
        // Blocks can be reserved behind the end of a file, too.
        long first = FileData.blockAfter(size);
        long count = LogRecord.FILE_BLOCKS_MAX - first;
        long need = 2L * MapEntry.LEVELS_MAX;
        try (Reservation _ = writer.reserver().reserve(need, SpacePurpose.RELEASE, false)) {
            List<LogEntry> range =
                    count == 0 ? List.of() : List.of(new LogEntry.Range(file.inode, first, count, MapEntry.HOLE));
            dropOnce(first, first + count, () -> file.attributes.setSize(writer, size, range));
        }
    }

    /** The layout must be held. */
    private void requireWithinSize(long end) throws HoldfastException {
        if (fixedSize && Long.compareUnsigned(end, file.size()) > 0) {
            throw beyondEnd(file, end);
        }
    }

    static HoldfastException beyondEnd(FileData file, long end) {
        return new HoldfastException(
                ErrorCode.BEYOND_END,
                "%s: up to byte %s was asked for, and the file ends at %s"
                        .formatted(file.name(), Long.toUnsignedString(end), Long.toUnsignedString(file.size())));
    }

    static long clamp(FileData file, long end) {
        return Long.compareUnsigned(end, file.size()) > 0 ? file.size() : end;
    }

    static void checkRange(FileData file, long offset, long length) throws HoldfastException {
        if (Long.compareUnsigned(offset + length, offset) < 0) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "%s: the range of %s bytes at %s wraps around"
                            .formatted(file.name(), Long.toUnsignedString(length), Long.toUnsignedString(offset)));
        }
    }
}
