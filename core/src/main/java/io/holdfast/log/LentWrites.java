package io.holdfast.log;

import io.holdfast.device.Device;
import io.holdfast.device.LentBuffer;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.format.Block;
import io.holdfast.format.LogEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Run;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Writes from the caller's own memory, for files without checksums. No record proves that such data is on the medium,
 * so a device flush must come before the log names its place. Until then its extents are <em>unproven</em>.
 *
 * <p>Invariant: the log gets an extent only after a device flush that began once the data was written (guard {@code
 * PROVEN_BEFORE_LOGGED}).
 */
final class LentWrites {
    private final Device device;
    private final FailureLatch latch;
    private final ReentrantLock logLock;
    private final RecordChain chain;
    private final UnprovenExtents unproven = new UnprovenExtents();

    /** @param logLock guards the unproven extents */
    LentWrites(Device device, FailureLatch latch, ReentrantLock logLock, RecordChain chain) {
        this.device = device;
        this.latch = latch;
        this.logLock = logLock;
        this.chain = chain;
    }

    /**
     * Writes memory to its places, and tells {@code placed}. Called with the log's gate held.
     *
     * @throws HoldfastException the failure, which is latched
     */
    void write(long inode, long fileBlock, MemorySegment memory, List<Run> places, Placed placed)
            throws HoldfastException {
        try {
            writeAndTell(inode, fileBlock, memory, places, placed);
        } catch (RuntimeException | Error e) {
            // The map may know a part of what the log will say, or the other way round.
            throw latch.fail(e);
        }
    }

    private void writeAndTell(long inode, long fileBlock, MemorySegment memory, List<Run> places, Placed placed)
            throws HoldfastException {
        List<LogEntry.Extent> extents = new ArrayList<>();
        int index = 0;
        try {
            for (Run run : places) {
                int count = (int) run.length();
                device.write(run.start(), LentBuffer.of(memory.asSlice(Block.offset(index), Block.offset(count))));
                extents.add(new LogEntry.Extent(inode, fileBlock + index, run.start(), count, true, new long[0]));
                index += count;
            }
        } catch (HoldfastException e) {
            throw latch.fail(e);
        }
        Inject.at(Point.LENT_WRITTEN);
        logLock.lock();
        try {
            unproven.add(inode, extents);
            index = 0;
            for (Run run : places) {
                placed.written(index, run.start(), (int) run.length());
                index += (int) run.length();
            }
        } finally {
            logLock.unlock();
        }
        chain.addLent(index, extents.size());
    }

    boolean hasUnproven(long inode) {
        logLock.lock();
        try {
            return unproven.has(inode);
        } finally {
            logLock.unlock();
        }
    }

    /** Returns how many bytes the unproven extents will take in the log. Called under the log's lock. */
    long unprovenBytes() {
        return unproven.bytes();
    }

    /**
     * Flushes the device, so that the data unproven until now is on the medium, and adds its extents to {@code
     * pending}. Called with the log's gate held, by one thread at a time.
     *
     * @return whether there were any
     */
    boolean prove(PendingChanges pending) throws HoldfastException {
        Map<Long, Integer> counted;
        logLock.lock();
        try {
            if (unproven.isEmpty()) {
                return false;
            }
            counted = unproven.counts();
        } finally {
            logLock.unlock();
        }
        if (!Inject.off(Guard.PROVEN_BEFORE_LOGGED)) {
            flushDevice();
        }
        Inject.at(Point.DATA_PROVEN);
        logLock.lock();
        try {
            unproven.takeProven(counted, extent -> pending.add(List.of(extent)));
        } catch (RuntimeException | Error e) {
            // An extent may be in neither.
            throw latch.fail(e);
        } finally {
            logLock.unlock();
        }
        return true;
    }

    private void flushDevice() throws HoldfastException {
        latch.check();
        try {
            device.flush();
        } catch (HoldfastException e) {
            throw latch.fail(e);
        }
    }
}
