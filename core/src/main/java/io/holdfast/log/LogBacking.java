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
 * Brings groups with free blocks into memory, and asks the device for room for the log's leased runs, before a record
 * gets its place in one. A record without a place
 * can be refused and written later; a record with a place must be written, since the log's chain names it.
 *
 * <p>Invariant: one thread at a time asks the device, and holds none of the log's locks.
 */
final class LogBacking {
    /** Blocks that other writers may take between a writer's check and its placing: a few of the largest records. */
    private static final int OTHERS_BLOCKS = 4 * LogRecord.DATA_BLOCKS_MAX;

    /**
     * Blocks that data leaves to records of changes that free space, while the host has no more room: 256 records.
     */
    private static final int KEPT_BLOCKS = 256 * LogRecord.COPIES;

    private static final int ROUNDS_MAX = 3;

    private final Device device;
    private final LogSpace logSpace;
    private final ReentrantLock logLock;
    private final HostRoom room;
    private final FailureLatch latch;
    private final ReentrantLock asking = new ReentrantLock();
    /** How often something was made ready; changes under {@code asking}. */
    private volatile long made;

    /** @param logLock the lock that guards {@code logSpace} */
    LogBacking(Device device, LogSpace logSpace, ReentrantLock logLock, HostRoom room, FailureLatch latch) {
        this.device = device;
        this.logSpace = logSpace;
        this.logLock = logLock;
        this.room = room;
        this.latch = latch;
    }

    /**
     * Returns a mark of what is ready by now, to be taken before a try to place a record. Another writer may use up what is
     * ready, and yet another may make more ready, before the one whose try failed comes here.
     */
    long mark() {
        return made;
    }

    /**
     * Makes sure that the host has room for a record of so many blocks. The caller has not yet done anything that
     * cannot be refused any more. This does not find out that the volume itself is full.
     *
     * @throws HoldfastException {@code NO_SPACE} if there is none; nothing was done, and the caller may come again
     */
    void requireRoom(long blocks) throws HoldfastException {
        if (!room.worthTrying()) {
            room.check();
        }
        // A round may bring groups into memory, from which the next one leases what the last one backs.
        for (int round = 0; round < ROUNDS_MAX; round++) {
            boolean ready;
            logLock.lock();
            try {
                ready = logSpace.isReady(blocks) && logSpace.isBackedAhead(blocks + OTHERS_BLOCKS);
            } finally {
                logLock.unlock();
            }
            if (ready && !room.isMissing() && !logSpace.wantsGroups()) {
                return;
            }
            boolean any = backOrRefuse();
            room.check();
            if (!any) {
                return;
            }
        }
    }

    /** Returns how many backed blocks a record of data must leave. */
    long kept() {
        return room.isMissing() ? KEPT_BLOCKS : 0;
    }

    /**
     * Does as {@link #requireRoom} for a record of a change that frees space: it may take what others must leave, so it
     * goes on when the host is full.
     */
    void requireRoomToFree(long blocks) throws HoldfastException {
        if (!isReady(blocks)) {
            requireRoom(blocks);
        }
    }

    /**
     * Loads the groups that the log will need next, and asks for room for all that is leased; returns whether there was
     * anything to load or to ask for.
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

    /** Does as {@link #backOrRefuse}, but refuses nothing if so many blocks are ready in spite of it. */
    void backOrMakeDo(long blocks) throws HoldfastException {
        try {
            backOrRefuse();
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.NO_SPACE || !isReady(blocks)) {
                throw e;
            }
        }
    }

    private boolean isReady(long blocks) {
        logLock.lock();
        try {
            return logSpace.isReady(blocks);
        } finally {
            logLock.unlock();
        }
    }

    /**
     * Does as {@link #backOrRefuse}.
     *
     * @param mark from before the try that failed
     * @return whether anybody has made something ready since, so that another try may succeed
     */
    boolean backOrRefuse(long mark) throws HoldfastException {
        return backOrRefuse() || made != mark;
    }

    /**
     * Does as {@link #backOrRefuse(long)}, but waits until there is room: the caller's change cannot be refused any more.
     *
     * @throws HoldfastException the failure, which is latched, if the device fails, or the volume is closed before
     *     there is room
     */
    boolean insist(long mark) throws HoldfastException {
        try {
            room.insist(() -> {
                latch.check();
                back();
            });
        } catch (HoldfastException e) {
            throw latch.fail(e);
        }
        return made != mark;
    }

    /** Changed under {@code asking} only, so no two threads count at once. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private boolean back() throws HoldfastException {
        boolean any = false;
        asking.lock();
        try {
            HoldfastException noMoreGroups = null;
            try {
                any = logSpace.loadAhead();
            } catch (HoldfastException e) {
                if (e.code() != ErrorCode.HOST_FULL) {
                    throw e;
                }
                // What is leased already may have its room.
                noMoreGroups = e;
            }
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
            if (noMoreGroups != null) {
                throw noMoreGroups;
            }
            return any;
        } finally {
            // Also after an error: some runs may be ready.
            made += any ? 1 : 0;
            asking.unlock();
        }
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
