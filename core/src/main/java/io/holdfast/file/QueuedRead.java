package io.holdfast.file;

import io.holdfast.device.Device;
import io.holdfast.device.DeviceReads;
import io.holdfast.error.HoldfastException;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.Mapping;
import io.holdfast.space.ReaderEpochs;
import io.holdfast.volume.ReadQueue;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One read of whole blocks on its way through a {@link DeviceReads}: it looks up where they are, and when they have come,
 * verifies them where they lie and makes sure that they still are what the file holds.
 *
 * <p>It is registered as a reader only while it looks up, and not while it waits: a client that takes its time must not
 * keep blocks from being freed. So the device may have overwritten what it reads. What was read counts therefore only if it
 * has the checksum that the map says <em>afterwards</em>; and without a checksum, if nothing in the map has changed.
 */
final class QueuedRead implements DeviceReads.Ended {
    /** More blocks than this are not left in the cache: a scan would drive out everything else. */
    private static final int KEEP_BLOCKS_MAX = 32;

    private final FileData file;
    private final long first;
    private final Mapping[] mappings;
    private final MemorySegment target;
    private final ReadQueue.Ended ended;
    private final AtomicInteger left = new AtomicInteger();
    private volatile boolean failed;

    private QueuedRead(FileData file, long first, Mapping[] mappings, MemorySegment target, ReadQueue.Ended ended) {
        this.file = file;
        this.first = first;
        this.mappings = mappings;
        this.target = target;
        this.ended = ended;
    }

    /** Returns the read, or null if one of the blocks is cached or no data, or it is not in memory where it is. */
    static @Nullable QueuedRead of(FileData file, long first, MemorySegment target, ReadQueue.Ended ended) {
        if (Long.compareUnsigned((first << 12) + target.byteSize(), file.size()) > 0) {
            return null;
        }
        Mapping[] mappings = new Mapping[(int) (target.byteSize() / Device.BLOCK_SIZE)];
        ReaderEpochs readers = file.context.reader().readers();
        int ticket = readers.enter();
        try {
            for (int i = 0; i < mappings.length; i++) {
                if (i > 0 && file.pages.containsKey(first + i)) {
                    return null;
                }
                Mapping mapping = file.map.lookupInMemory(first + i);
                if (!mapping.isData()) {
                    return null;
                }
                mappings[i] = mapping;
            }
        } catch (HoldfastException e) {
            return null;
        } finally {
            readers.leave(ticket);
        }
        Inject.at(Point.READ_MAPPED);
        return new QueuedRead(file, first, mappings, target, ended);
    }

    /** Begins to read each run of blocks that lie side by side; returns false if none could be. */
    boolean start(DeviceReads device) {
        int runs = 1;
        for (int i = 1; i < mappings.length; i++) {
            runs += follows(i) ? 0 : 1;
        }
        left.set(runs);
        int from = 0;
        for (int i = 1; i <= mappings.length; i++) {
            if (i < mappings.length && follows(i)) {
                continue;
            }
            MemorySegment part = target.asSlice((long) from * Device.BLOCK_SIZE, (long) (i - from) * Device.BLOCK_SIZE);
            if (!device.start(mappings[from].block(), part, this)) {
                if (from == 0) {
                    return false;
                }
                ended(false);
            }
            from = i;
        }
        return true;
    }

    private boolean follows(int i) {
        return mappings[i].block() == mappings[i - 1].block() + 1;
    }

    @Override
    public void ended(boolean whole) {
        if (!whole) {
            failed = true;
        }
        if (left.decrementAndGet() > 0) {
            return;
        }
        boolean good = false;
        try {
            Inject.at(Point.READ_DONE);
            good = !failed && verified() && isCurrent();
        } catch (HoldfastException e) {
            // WOULD_BLOCK: whether it is current is not known to memory any more.
        } finally {
            ended.ended(good);
        }
    }

    private boolean verified() {
        for (int i = 0; i < mappings.length; i++) {
            if (!file.context.reader().matches(mappings[i], target, (long) i * Device.BLOCK_SIZE)) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether this still is what the file holds, and leaves it in the cache. */
    private boolean isCurrent() throws HoldfastException {
        Inject.at(Point.READ_VERIFIED);
        if (!file.layout.readLock().tryLock()) {
            return false;
        }
        int ticket = file.context.reader().readers().enter();
        try {
            if (Long.compareUnsigned((first << 12) + target.byteSize(), file.size()) > 0) {
                return false;
            }
            boolean keep = mappings.length <= KEEP_BLOCKS_MAX;
            for (int i = 0; i < mappings.length; i++) {
                if (file.pages.containsKey(first + i) || !isCurrent(i, keep)) {
                    return false;
                }
            }
            file.context.counters().cacheMisses.add(mappings.length);
            return true;
        } finally {
            file.context.reader().readers().leave(ticket);
            file.layout.readLock().unlock();
            Inject.at(Point.READ_SHOWN);
        }
    }

    private boolean isCurrent(int i, boolean keep) throws HoldfastException {
        Mapping mapping = mappings[i];
        if (!mapping.isChecksummed() && !file.map.isUnchanged(mapping)) {
            return false;
        }
        CacheFill fill = keep ? CacheFill.begin(file, first + i) : null;
        if (fill == null) {
            // A page that another one made meanwhile is newer, or will be.
            return !file.pages.containsKey(first + i) && file.map.isCurrentInMemory(first + i, mapping);
        }
        try (fill) {
            if (!file.map.isCurrentInMemory(first + i, mapping)) {
                return false;
            }
            fill.take(target, (long) i * Device.BLOCK_SIZE);
            return true;
        }
    }
}
