package io.holdfast.file;

import io.holdfast.device.DeviceReads;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.FallbackEvent;
import io.holdfast.format.Block;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.MappingRun;
import io.holdfast.space.ReaderEpochs;
import io.holdfast.volume.ReadQueue;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One read of whole blocks through a {@link DeviceReads}. It looks up the blocks' places. When the device has read
 * them, it verifies them in the target and checks that the file still holds them.
 *
 * <p>It is registered as a reader during the lookup only, not while it waits: a slow client must not keep blocks from
 * being freed. So its blocks may be freed and overwritten meanwhile. The result therefore counts only if it has the
 * checksum that the map says <em>afterwards</em>, or, without a checksum, if nothing in the map has changed.
 */
final class QueuedRead implements DeviceReads.Ended {
    /** Longer reads leave nothing in the cache, like long writes: a scan would evict everything else. */
    private static final int KEEP_BLOCKS_MAX = Writing.SEALED_BLOCKS_MIN - 1;

    private final FileData file;
    private final long first;
    private final MappingRun mappings;
    private final MemorySegment target;
    private final ReadQueue.Ended ended;
    private final DeviceRuns runs;

    private QueuedRead(FileData file, long first, MappingRun mappings, MemorySegment target, ReadQueue.Ended ended) {
        this.file = file;
        this.first = first;
        this.mappings = mappings;
        this.target = target;
        this.ended = ended;
        this.runs = new DeviceRuns(mappings, target);
    }

    /**
     * Returns the read; null if only memory has a block's newest content, or a block has no data, or memory does not
     * know its place. Reads blocks that are cached clean all the same.
     */
    static @Nullable QueuedRead of(FileData file, long first, MemorySegment target, ReadQueue.Ended ended) {
        if (Long.compareUnsigned(Block.offset(first) + target.byteSize(), file.size()) > 0) {
            return null;
        }
        int count = (int) (target.byteSize() / Block.SIZE);
        if (file.nextInMemory(first) < first + count) {
            return null;
        }
        MappingRun mappings;
        ReaderEpochs readers = file.context.reader().readers();
        int ticket = readers.enter();
        try {
            mappings = file.map.lookupInMemory(first, count);
        } catch (HoldfastException e) {
            return null;
        } finally {
            readers.leave(ticket);
        }
        if (!mappings.isData()) {
            return null;
        }
        Inject.at(Point.READ_MAPPED);
        return new QueuedRead(file, first, mappings, target, ended);
    }

    /** Starts to read; returns false if the device took none of it. */
    boolean start(DeviceReads device) {
        return runs.start(device, this);
    }

    @Override
    public void ended(boolean whole) {
        boolean good = false;
        String why = "the device did not read it";
        try {
            Inject.at(Point.READ_DONE);
            if (whole) {
                why = "it does not match its checksums";
                if (file.context.reader().match(mappings, target)) {
                    why = "the file holds something else by now";
                    good = isCurrent();
                }
            }
        } catch (HoldfastException e) {
            // WOULD_BLOCK: memory no longer knows whether the blocks are current.
            why = "memory does not know whether the file still holds it";
        } finally {
            if (!good) {
                file.context.counters().fallbacks.increment();
                FallbackEvent.emit("queued read", why);
            }
            ended.ended(good);
        }
    }

    /** Returns whether the file still holds what was read; a short read stays in the cache then. */
    private boolean isCurrent() throws HoldfastException {
        Inject.at(Point.READ_VERIFIED);
        if (!file.layout.readLock().tryLock()) {
            return false;
        }
        int ticket = file.context.reader().readers().enter();
        try {
            if (Long.compareUnsigned(Block.offset(first) + target.byteSize(), file.size()) > 0
                    || !(mappings.count() <= KEEP_BLOCKS_MAX ? isCurrentAndKept() : isNewest())) {
                return false;
            }
            file.context.counters().cacheMisses.add(mappings.count());
            return true;
        } finally {
            file.context.reader().readers().leave(ticket);
            file.layout.readLock().unlock();
            Inject.at(Point.READ_SHOWN);
        }
    }

    /**
     * Asks in the order in which a write proceeds: is the block dirty, is it on its way to the device, does the map
     * have it. So this sees every write that was acknowledged before the call.
     */
    private boolean isNewest() throws HoldfastException {
        return file.nextInMemory(first) >= first + mappings.count()
                && (mappings.isChecksummed() || file.map.isUnchanged(mappings))
                && file.map.isCurrentInMemory(first, mappings);
    }

    /**
     * Does as {@link #isNewest}, and fills new pages. They are locked meanwhile, so that no writer changes their blocks
     * before they are filled. A block that has a page already, or gets no memory for one, is only asked about.
     */
    private boolean isCurrentAndKept() throws HoldfastException {
        @Nullable CacheFill[] fills = new CacheFill[mappings.count()];
        try {
            for (int i = 0; i < fills.length; i++) {
                fills[i] = CacheFill.begin(file, first + i);
            }
            boolean newest = isNewest();
            for (int i = 0; newest && i < fills.length; i++) {
                CacheFill fill = fills[i];
                if (fill != null) {
                    fill.take(target, (long) i * Block.SIZE);
                }
            }
            return newest;
        } finally {
            for (CacheFill fill : fills) {
                if (fill != null) {
                    fill.close();
                }
            }
        }
    }
}
