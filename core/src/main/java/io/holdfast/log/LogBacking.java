package io.holdfast.log;

import io.holdfast.device.Device;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.format.LogRecord;
import io.holdfast.space.Run;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Asks the device for room for the runs that the log has leased, before a record gets its place in one of them. A record
 * without a place can be refused and written later; one with a place cannot be left out of the log's chain.
 *
 * <p>Invariant: the device is asked with none of the log's locks held, by one thread at a time.
 */
final class LogBacking {
    /** Blocks that others may take between the look of a writer and the placing of its record: some of the largest. */
    private static final int OTHERS_BLOCKS = 4 * LogRecord.DATA_BLOCKS_MAX;

    private final Device device;
    private final LogSpace logSpace;
    private final ReentrantLock logLock;
    private final HostRoom room;
    private final FailureLatch latch;
    private final ReentrantLock asking = new ReentrantLock();

    /** @param logLock what guards {@code logSpace} */
    LogBacking(Device device, LogSpace logSpace, ReentrantLock logLock, HostRoom room, FailureLatch latch) {
        this.device = device;
        this.logSpace = logSpace;
        this.logLock = logLock;
        this.room = room;
        this.latch = latch;
    }

    /**
     * Makes sure that a record of so many blocks will find room on what the device lies on. To be called before anything
     * is done that cannot be refused any more. It does not find out that the volume itself is full.
     *
     * @throws HoldfastException {@code NO_SPACE} if there is none; nothing was done, and the caller may come again
     */
    void requireRoom(long blocks) throws HoldfastException {
        if (!room.worthTrying()) {
            room.check();
        }
        boolean ready;
        logLock.lock();
        try {
            ready = logSpace.isReady(blocks) && logSpace.isBackedAhead(blocks + OTHERS_BLOCKS);
        } finally {
            logLock.unlock();
        }
        if (!ready || room.isMissing()) {
            backOrRefuse();
            room.check();
        }
    }

    /**
     * Asks for room for all that is leased; returns whether there was anything to ask for.
     *
     * @throws HoldfastException {@code NO_SPACE} if there is no room; nothing is lost
     */
    boolean backOrRefuse() throws HoldfastException {
        try {
            boolean any = back();
            room.found();
            return any;
        } catch (HoldfastException e) {
            throw e.code() == ErrorCode.HOST_FULL ? room.refused(e) : e;
        }
    }

    /**
     * As {@link #backOrRefuse}, for what cannot be refused any more: waits until there is room.
     *
     * @throws HoldfastException the failure, which is latched, if the device fails, or the volume is closed before there is
     *     room
     */
    boolean insist() throws HoldfastException {
        boolean[] any = new boolean[1];
        try {
            room.insist(() -> {
                latch.check();
                any[0] |= back();
            });
        } catch (HoldfastException e) {
            throw latch.fail(e);
        }
        return any[0];
    }

    private boolean back() throws HoldfastException {
        boolean any = false;
        asking.lock();
        try {
            for (Run run = firstUnbacked(); run != null; run = firstUnbacked()) {
                device.allocate(run.start(), run.length());
                logLock.lock();
                try {
                    logSpace.backed(run);
                } finally {
                    logLock.unlock();
                }
                any = true;
            }
        } finally {
            asking.unlock();
        }
        return any;
    }

    private @Nullable Run firstUnbacked() {
        logLock.lock();
        try {
            return logSpace.firstUnbacked();
        } finally {
            logLock.unlock();
        }
    }
}
