package io.holdfast.checkpoint;

import io.holdfast.concurrent.Latencies;
import io.holdfast.concurrent.Threads;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.ThrottleEvent;
import io.holdfast.format.Layout;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.Freeze;
import io.holdfast.log.WriteLog;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.space.Reclaimer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Has checkpoints written: in the background when there is a reason, and at once when a caller asks.
 *
 * <p>Reasons: the changes in memory, or the log, have grown to their limit; dead blocks wait on a full volume. Whoever frees
 * subtrees that were cut off asks for checkpoints, too. One checkpoint runs at a time, in the thread of this class. A checkpoint that fails latches the
 * volume: its changes stay frozen for good, but the log has them.
 */
public final class Checkpointer implements Reclaimer {
    /** So many log records are a reason: this bounds the time of a recovery. */
    private static final long RECORDS_MAX = 65536;

    private static final long LOG_BLOCKS_MAX = 3L << 20;
    /** While a checkpoint is being written, the log behind it may grow by this part of its limits. Then writers wait. */
    private static final int BEHIND_PART = 2;

    /** A writer that waited so long for the checkpoint goes on if there is any room. */
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** With less in the log a checkpoint would bring too little. */
    private static final long SPACE_BLOCKS_MIN = 1L << 13;

    private final VolumeState volume;
    private final WriteLog log;
    private final Checkpoints checkpoints;
    private final ChangeBudget budget;
    /** Fair: when there is room for some of those who wait, the first of them get it. */
    private final ReentrantLock lock = new ReentrantLock(true);

    private final Condition wanted = lock.newCondition();
    private final Condition done = lock.newCondition();
    private final Condition moved = lock.newCondition();
    private long requested;
    private long started;
    private long finished;
    private boolean stopping;
    /** Whether a checkpoint is being written; a hint. */
    private volatile boolean running;

    /** Whether a checkpoint has begun that has not yet frozen the changes: it will take all that there are. */
    private volatile boolean freezing;

    /** How often changes were frozen. */
    private volatile long freezes;

    /** How many threads wait for room. */
    private final AtomicInteger waiting = new AtomicInteger();

    private final Latencies throttled = new Latencies();

    private @Nullable Thread thread;

    public Checkpointer(VolumeState volume, WriteLog log, Checkpoints checkpoints) {
        this.volume = volume;
        this.log = log;
        this.checkpoints = checkpoints;
        this.budget = checkpoints.budget();
        budget.boundBy(this::isLogFull);
        checkpoints.onMove(this::wakeWaiting);
        volume.latch().onFailure(this::wakeAll);
        volume.room().onChange(this::wakeAll);
    }

    public void start() {
        thread = Threads.start("holdfast-checkpoint", this::run);
    }

    /** Returns the checkpoints that this writes. */
    public Checkpoints checkpoints() {
        return checkpoints;
    }

    /** Starts a checkpoint in the background if there is a reason. Cheap. */
    public void poke() {
        long known = freezes;
        if (!freezing && hasReason()) {
            requestUnlessFrozen(known);
        }
    }

    private boolean hasReason() {
        return budget.wantsCheckpoint()
                || log.blocksSinceCheckpoint() > logBlocksMax()
                || log.recordsSinceCheckpoint() > RECORDS_MAX
                || isSpaceShort()
                || volume.items().wantsCheckpoint();
    }

    /**
     * Starts a checkpoint unless one has frozen the changes meanwhile. That one has taken the reason away, and a second
     * one would write nearly as many nodes for few changes.
     */
    private void requestUnlessFrozen(long known) {
        lock.lock();
        try {
            if (!freezing && freezes == known) {
                request();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns whether the log has taken more since the last checkpoint than there is left. What was overwritten comes free
     * by a checkpoint only, and one that begins when nothing is left lets all writers wait.
     */
    private boolean isSpaceShort() {
        long taken = log.blocksSinceCheckpoint();
        return !running
                && taken > Math.min(SPACE_BLOCKS_MIN, volume.space().usable() / 64)
                && taken > volume.space().available();
    }

    /** Returns how long clients waited for room for their changes. */
    public Latencies throttled() {
        return throttled;
    }

    /** Returns how many records of the log are a reason for a checkpoint. */
    public long recordsMax() {
        return RECORDS_MAX;
    }

    /** Returns how many blocks of the log are a reason for a checkpoint. */
    public long logBlocksMax() {
        return Math.min(LOG_BLOCKS_MAX, volume.space().usable() / 4);
    }

    /**
     * Returns whether so much is behind the checkpoint being written that a recovery would take too long.
     *
     * @param part of the limit
     */
    private boolean isLogFull(double part) {
        return running
                && !freezing
                && (log.blocksSinceCheckpoint() > part * logBlocksMax() / BEHIND_PART
                        || log.recordsSinceCheckpoint() > part * RECORDS_MAX / BEHIND_PART);
    }

    /** Returns what bounds the changes of maps. */
    public ChangeBudget budget() {
        return budget;
    }

    /**
     * Waits until there is room for changes of so many blocks, which the caller ends by {@link ChangeBudget#end}. The
     * caller holds no lock that a checkpoint or writeback needs, and is not registered as a reader.
     */
    public void admit(long blocks) throws HoldfastException {
        if (!tryAdmit(blocks) && !waitFor(() -> budget.tryAdmit(blocks), () -> budget.tryAdmitLate(blocks))) {
            budget.admitAnyway(blocks);
        }
    }

    /**
     * Admits changes as {@link #admit} does, if nobody waits for that. A caller that comes while others wait queues with them:
     * else a fast writer would take all room as it comes.
     */
    public boolean tryAdmit(long blocks) {
        return waiting.get() == 0 && budget.tryAdmit(blocks);
    }

    /**
     * Waits until there is room for changed items; starts a checkpoint in the background if there is a reason. The caller
     * holds no lock that a checkpoint or writeback needs, and is not registered as a reader.
     */
    public void admitItems() throws HoldfastException {
        poke();
        if (!volume.items().hasRoom()) {
            waitFor(volume.items()::hasRoom, volume.items()::hasRoom);
        }
    }

    /**
     * Waits, from checkpoint to checkpoint, until something is so. Returns false if the volume is being closed before.
     *
     * @param lateRoom what suffices after {@link #LATE_NANOS}
     */
    private boolean waitFor(BooleanSupplier room, BooleanSupplier lateRoom) throws HoldfastException {
        Inject.at(Point.CHANGES_WAIT);
        ThrottleEvent event = new ThrottleEvent();
        event.begin();
        long begun = checkpoints.timing().nanoTime();
        lock.lock();
        try {
            waiting.incrementAndGet();
            while (!stopping) {
                volume.latch().check();
                volume.room().check();
                long left = LATE_NANOS - (checkpoints.timing().nanoTime() - begun);
                if (left > 0 ? room.getAsBoolean() : lateRoom.getAsBoolean()) {
                    return true;
                }
                if (started >= requested && started == finished) {
                    request();
                }
                awaitMove(left);
            }
            return false;
        } finally {
            waiting.decrementAndGet();
            lock.unlock();
            throttled.add(checkpoints.timing().nanoTime() - begun);
            event.ended(ThrottleEvent.Cause.CHANGES);
        }
    }

    /** Waits until the checkpoint has proceeded, or so long; with nothing left only for the checkpoint. */
    // The loop is in the caller.
    @SuppressWarnings("WaitNotInLoop")
    private void awaitMove(long left) {
        if (left <= 0) {
            moved.awaitUninterruptibly();
            return;
        }
        try {
            checkpoints.timing().await(lock, moved, left);
        } catch (InterruptedException e) {
            moved.awaitUninterruptibly();
            Thread.currentThread().interrupt();
        }
    }

    /** Lets those look again who wait for room: the checkpoint has proceeded. */
    private void wakeWaiting() {
        if (waiting.get() == 0) {
            return;
        }
        lock.lock();
        try {
            moved.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Starts a checkpoint in the background. */
    public void requestCheckpoint() {
        request();
    }

    private long request() {
        lock.lock();
        try {
            requested = Math.max(requested, started + 1);
            wanted.signal();
            return requested;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Writes a checkpoint that has every change made before this call, and waits for it.
     *
     * @throws HoldfastException {@code NO_SPACE} if the host is full: none is begun then, and one that was begun is written
     *     when there is room
     */
    public void checkpoint() throws HoldfastException {
        volume.room().check();
        await(true);
    }

    /**
     * Makes the volume larger by a checkpoint, and waits for it. Does nothing if it is as large already. One caller at a
     * time.
     *
     * @param larger as large as the device at most
     * @throws HoldfastException {@code NO_SPACE} if the host is full; the volume may yet grow when there is room
     */
    public void grow(Layout larger) throws HoldfastException {
        checkpoints.growTo(larger);
        try {
            checkpoint();
        } finally {
            checkpoints.growTo(null);
        }
    }

    /** Does as {@link #checkpoint}, but waits for room, too: the callers cannot be refused any more. */
    @Override
    public boolean reclaim() throws HoldfastException {
        checkpoints.allowReaping();
        await(false);
        return moreToReap();
    }

    private void await(boolean refusable) throws HoldfastException {
        long ticket = request();
        lock.lock();
        try {
            while (finished < ticket) {
                volume.latch().check();
                if (refusable) {
                    checkRoom(ticket);
                }
                if (stopping) {
                    return;
                }
                done.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Throws {@code NO_SPACE} if the checkpoint with a ticket cannot go on before there is room. Until it has frozen the
     * changes it waits for every record that has its place, and that may wait for room: where the host cannot be asked for
     * room beforehand.
     */
    private void checkRoom(long ticket) throws HoldfastException {
        if (started < ticket || freezing) {
            volume.room().checkWaiting();
        } else {
            volume.room().checkWaiting(thread);
        }
    }

    /** Returns whether the next checkpoint will free more cut-off subtrees. */
    public boolean moreToReap() {
        return checkpoints.moreToReap();
    }

    private void run() {
        while (true) {
            long ticket;
            lock.lock();
            try {
                while (!stopping && started >= requested) {
                    wanted.awaitUninterruptibly();
                }
                if (stopping || volume.latch().failed()) {
                    return;
                }
                ticket = ++started;
                freezing = true;
            } finally {
                lock.unlock();
            }
            boolean durable;
            running = true;
            try {
                durable = checkpoints.write(this::freeze, false);
                running = false;
            } catch (HoldfastException | RuntimeException | Error e) {
                volume.latch().fail(e);
                return;
            }
            lock.lock();
            try {
                if (!durable) {
                    // The volume is being closed, and its log has everything.
                    stopping = true;
                    done.signalAll();
                    moved.signalAll();
                    return;
                }
                finished = ticket;
                done.signalAll();
                moved.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private boolean freeze(Freeze freeze) throws HoldfastException {
        boolean frozen = log.freeze(freeze);
        lock.lock();
        try {
            long before = freezes;
            freezes = before + 1;
            freezing = false;
        } finally {
            lock.unlock();
        }
        return frozen;
    }

    private void wakeAll() {
        lock.lock();
        try {
            wanted.signalAll();
            done.signalAll();
            moved.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the background thread, after the checkpoint it is writing. */
    public void stop() {
        lock.lock();
        try {
            stopping = true;
            wanted.signalAll();
            done.signalAll();
            moved.signalAll();
        } finally {
            lock.unlock();
        }
        Threads.join(thread);
    }
}
