package io.holdfast.file;

import io.holdfast.device.DeviceReads;
import io.holdfast.format.Block;
import io.holdfast.mapping.MappingRun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The device reads of one {@link QueuedRead}: in the order of the device, not of the file. What was written at random lies
 * on the device in runs of the order in which it was written back. So one read of the device fetches blocks for several
 * places of the target.
 *
 * <p>Invariants, guarded by {@code lock}: {@code next} reads were begun, of which {@code underWay} have not ended. The end
 * of one begins the next, so a long read does not take all of a queue. When none is under way, all were begun, or one
 * has failed.
 */
final class DeviceRuns {
    /** So many reads are under way at once. */
    private static final int UNDER_WAY_MAX = 64;

    /**
     * So many blocks of others are read through, and dropped: a device reads a few blocks more in less time than it takes to
     * begin another read.
     */
    private static final int GAP_BLOCKS_MAX = 4;

    /** Where those blocks go, of all reads. Nobody looks there. */
    private static final MemorySegment DROPPED =
            Arena.global().allocate((long) GAP_BLOCKS_MAX * Block.SIZE, Block.SIZE);

    private static final int INDEX_LOG2 = 10;

    private final MemorySegment target;
    /** Each block's place on the device, and its index; in ascending order. */
    private final long[] places;
    /** Where in {@code places} each read begins, and the end of the last one. */
    private final int[] begins;

    private final ReentrantLock lock = new ReentrantLock();
    private int next;
    private int underWay;
    private boolean failed;

    /** @param target has fewer than 1024 blocks */
    DeviceRuns(MappingRun mappings, MemorySegment target) {
        this.target = target;
        this.places = new long[mappings.count()];
        for (int i = 0; i < places.length; i++) {
            places[i] = mappings.block(i) << INDEX_LOG2 | i;
        }
        Arrays.sort(places);
        this.begins = divided();
    }

    private int[] divided() {
        int[] at = new int[places.length + 1];
        int reads = 1;
        int parts = 1;
        for (int i = 1; i < places.length; i++) {
            long gap = blockAt(i) - blockAt(i - 1) - 1;
            int more = gap > 0 ? 2 : indexAt(i) == indexAt(i - 1) + 1 ? 0 : 1;
            if (gap > GAP_BLOCKS_MAX || parts + more > DeviceReads.PARTS_MAX) {
                at[reads++] = i;
                parts = 1;
            } else {
                parts += more;
            }
        }
        at[reads] = places.length;
        return Arrays.copyOf(at, reads + 1);
    }

    private long blockAt(int i) {
        return places[i] >>> INDEX_LOG2;
    }

    private int indexAt(int i) {
        return (int) places[i] & ((1 << INDEX_LOG2) - 1);
    }

    /**
     * Begins to read.
     *
     * @param ended hears the end of everything
     * @return false if the device took nothing; then {@code ended} hears nothing
     */
    boolean start(DeviceReads device, DeviceReads.Ended ended) {
        lock.lock();
        try {
            begin(device, ended);
            return next > 0;
        } finally {
            lock.unlock();
        }
    }

    /** Begins as many reads as may be under way. Under the lock. */
    private void begin(DeviceReads device, DeviceReads.Ended ended) {
        while (!failed && next < begins.length - 1 && underWay < UNDER_WAY_MAX) {
            MemorySegment[] parts = parts(next);
            if (!device.start(blockAt(begins[next]), parts, whole -> ended(device, ended, whole))) {
                // If others are under way, the end of one of them tries again.
                failed = underWay == 0;
                return;
            }
            // What has begun cannot have ended before: that takes the lock.
            next++;
            underWay++;
        }
    }

    private void ended(DeviceReads device, DeviceReads.Ended ended, boolean whole) {
        boolean all;
        boolean good;
        lock.lock();
        try {
            underWay--;
            failed |= !whole;
            beginMore(device, ended);
            all = underWay == 0;
            good = !failed;
        } finally {
            lock.unlock();
        }
        if (all) {
            ended.ended(good);
        }
    }

    /** Goes on where others have ended. Must not throw. */
    private void beginMore(DeviceReads device, DeviceReads.Ended ended) {
        try {
            begin(device, ended);
        } catch (RuntimeException | Error e) {
            failed = true;
        }
    }

    private MemorySegment[] parts(int run) {
        List<MemorySegment> parts = new ArrayList<>();
        int end = begins[run + 1];
        for (int i = begins[run]; i < end; ) {
            int from = i++;
            while (i < end && indexAt(i) == indexAt(i - 1) + 1 && blockAt(i) == blockAt(i - 1) + 1) {
                i++;
            }
            parts.add(target.asSlice((long) indexAt(from) * Block.SIZE, (long) (i - from) * Block.SIZE));
            long gap = i < end ? blockAt(i) - blockAt(i - 1) - 1 : 0;
            if (gap > 0) {
                parts.add(DROPPED.asSlice(0, gap * Block.SIZE));
            }
        }
        return parts.toArray(MemorySegment[]::new);
    }
}
