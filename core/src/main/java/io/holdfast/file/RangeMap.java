package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.mapping.MapExtent;
import io.holdfast.mapping.UnreadableRangeException;
import io.holdfast.volume.Extent;
import java.util.ArrayList;
import java.util.List;

/**
 * Lists the extents of a file. Blocks that only memory has count as written. What a node covers that cannot be read counts as
 * lost.
 */
final class RangeMap {
    /** Steps of one call, unless more extents are wanted: a caller comes again for the rest, and others get their turn. */
    private static final int STEPS = 4096;
    /** On a disk that fails each of these may take seconds. */
    private static final int UNREADABLE_MAX = 4;

    private final FileData file;

    RangeMap(FileData file) {
        this.file = file;
    }

    List<Extent> map(long offset, long length, int maxExtents) throws HoldfastException {
        Ranges.checkRange(file, offset, length);
        List<Extent> extents = new ArrayList<>();
        int unreadable = 0;
        int stepsMax = Math.max(STEPS, maxExtents);
        file.layout.readLock().lock();
        try {
            long end = Ranges.clamp(file, offset + length);
            long at = offset;
            for (int steps = 0; Long.compareUnsigned(at, end) < 0; steps++) {
                if (steps == stepsMax || unreadable == UNREADABLE_MAX) {
                    return extents;
                }
                long block = FileData.blockOf(at);
                long inMemory = file.nextInMemory(block);
                Extent.State state;
                long blocks;
                if (inMemory == block) {
                    state = Extent.State.WRITTEN;
                    blocks = 1;
                } else {
                    MapExtent run = run(block);
                    state = state(run.word());
                    unreadable += state == Extent.State.LOST ? 1 : 0;
                    blocks = Math.min(run.length(), inMemory - block);
                }
                long next = Block.offset(block + blocks);
                if (block + blocks >= LogRecord.FILE_BLOCKS_MAX || Long.compareUnsigned(next, end) > 0) {
                    next = end;
                }
                Extent last = extents.isEmpty() ? null : extents.getLast();
                if (last != null && last.state() == state) {
                    extents.set(extents.size() - 1, new Extent(last.offset(), next - last.offset(), state));
                } else if (extents.size() == maxExtents) {
                    return extents;
                } else {
                    extents.add(new Extent(at, next - at, state));
                }
                at = next;
            }
            return extents;
        } finally {
            file.layout.readLock().unlock();
        }
    }

    private MapExtent run(long block) throws HoldfastException {
        try {
            return file.run(block);
        } catch (UnreadableRangeException e) {
            return new MapExtent(MapEntry.word(MapEntry.LOST, 0), e.count());
        }
    }

    private static Extent.State state(long word) {
        return switch (MapEntry.state(word)) {
            case MapEntry.HOLE -> Extent.State.HOLE;
            case MapEntry.UNWRITTEN -> Extent.State.UNWRITTEN;
            case MapEntry.LOST -> Extent.State.LOST;
            default -> Extent.State.WRITTEN;
        };
    }
}
