package io.holdfast.checkpoint;

import io.holdfast.concurrent.Threads;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.format.Item;
import io.holdfast.format.LogPosition;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.Freeze;
import io.holdfast.log.WriteLog;
import io.holdfast.mapping.BlockMap;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.space.BlockList;
import io.holdfast.space.Reclaimer;
import io.holdfast.space.SpaceMap;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes checkpoints: in the background when there is a reason, and at once when a caller asks.
 *
 * <p>Reasons: the changes in memory, or the log, have grown to their limit; dead blocks wait on a full volume; subtrees
 * wait to be freed. One checkpoint runs at a time, in the thread of this class. A checkpoint that fails latches the
 * volume: its changes stay frozen for good, but the log has them.
 */
public final class Checkpointer implements Reclaimer {
    /** So many items changed since the last checkpoint are a reason for the next. */
    private static final int ITEMS_MAX = 32768;
    /** So many log records are a reason: this bounds the time of a recovery. */
    private static final long RECORDS_MAX = 65536;

    private static final long LOG_BLOCKS_MAX = 1L << 20;

    private final VolumeState volume;
    private final WriteLog log;
    private final SpaceMap spaceMap;
    private final Superblocks superblocks;
    private final ChangeBudget budget;
    private final AtomicLong checkpoints = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wanted = lock.newCondition();
    private final Condition done = lock.newCondition();
    private long requested;
    private long started;
    private long finished;
    private boolean stopping;
    private boolean moreToReap;
    private int pins;
    private List<BlockList> pinned = new ArrayList<>();
    /** Held while a checkpoint is written; taken before {@code lock}. */
    private final ReentrantLock runLock = new ReentrantLock();

    private volatile Superblock superblock;
    private @Nullable Thread thread;

    public Checkpointer(
            VolumeState volume,
            WriteLog log,
            SpaceMap spaceMap,
            Superblocks superblocks,
            Superblock superblock,
            ChangeBudget budget) {
        this.volume = volume;
        this.log = log;
        this.spaceMap = spaceMap;
        this.superblocks = superblocks;
        this.superblock = superblock;
        this.budget = budget;
        volume.latch().onFailure(this::wakeAll);
        volume.room().onChange(this::wakeAll);
    }

    public void start() {
        thread = Threads.start("holdfast-checkpoint", this::run);
    }

    public Superblock superblock() {
        return superblock;
    }

    public long checkpoints() {
        return checkpoints.get();
    }

    /** Starts a checkpoint in the background if there is a reason. Cheap. */
    public void poke() {
        long logMax = Math.min(LOG_BLOCKS_MAX, volume.space().usable() / 4);
        if (budget.wantsCheckpoint()
                || log.blocksSinceCheckpoint() > logMax
                || log.recordsSinceCheckpoint() > RECORDS_MAX
                || volume.items().pendingChanges() > ITEMS_MAX) {
            request();
        }
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
        if (budget.tryAdmit(blocks)) {
            return;
        }
        Inject.at(Point.CHANGES_WAIT);
        lock.lock();
        try {
            while (!stopping) {
                volume.latch().check();
                volume.room().check();
                if (started >= requested && started == finished) {
                    request();
                }
                done.awaitUninterruptibly();
                if (budget.tryAdmit(blocks)) {
                    return;
                }
            }
            budget.admitAnyway(blocks);
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
     * @throws HoldfastException {@code NO_SPACE} if the host is full; the checkpoint is then written when there is room
     */
    public void checkpoint() throws HoldfastException {
        await(true);
    }

    /** Does as {@link #checkpoint}, but waits for room, too: the callers cannot be refused any more. */
    @Override
    public boolean reclaim() throws HoldfastException {
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
                    volume.room().check();
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

    /** Returns whether the next checkpoint will free more cut-off subtrees. */
    public boolean moreToReap() {
        lock.lock();
        try {
            return moreToReap;
        } finally {
            lock.unlock();
        }
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
            } finally {
                lock.unlock();
            }
            try {
                write(false);
            } catch (HoldfastException | RuntimeException | Error e) {
                volume.latch().fail(e);
                return;
            }
            lock.lock();
            try {
                finished = ticket;
                if (moreToReap && !stopping) {
                    requested = Math.max(requested, started + 1);
                }
                done.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Writes one checkpoint in the caller's thread: when the volume is opened, and as the last one when it is closed.
     * The background thread must not be running.
     *
     * @param clean nothing will follow: the log is empty from here on
     */
    public void write(boolean clean) throws HoldfastException {
        runLock.lock();
        try {
            writeLocked(clean);
        } finally {
            runLock.unlock();
        }
    }

    private void writeLocked(boolean clean) throws HoldfastException {
        Frozen frozen = new Frozen();
        if (!log.freeze(frozen)) {
            throw FailureLatch.outOfSpace(volume.device().name());
        }
        CheckpointRun run = new CheckpointRun(volume, spaceMap, superblocks, superblock);
        Inject.at(Point.CHECKPOINT_FROZEN);
        Superblock next = run.write(frozen.maps, frozen.items(), frozen.position(), clean);
        Inject.at(Point.CHECKPOINT_DURABLE);
        // Items first: a map opened from here on finds its new root there, and one opened before gets it below.
        volume.items().commitRoot(next.treeRoot());
        run.roots().forEach((inode, root) -> {
            BlockMap map = volume.maps().find(inode);
            if (map != null) {
                map.commit(root);
            }
        });
        budget.committed();
        superblock = next;
        volume.maps().forgetClean(run.roots().keySet());
        BlockList dead = volume.space().commit(next.unwrittenBlocks(), run.frozenUnwritten());
        Inject.at(Point.CHECKPOINT_COMMITTED);
        if (!Inject.off(Guard.FREED_AWAIT_READERS)) {
            volume.readers().awaitOlder();
        }
        Inject.at(Point.BLOCKS_REUSED);
        reuse(dead);
        checkpoints.incrementAndGet();
        for (String leak : run.leaks()) {
            System.getLogger("holdfast").log(System.Logger.Level.WARNING, leak);
        }
        lock.lock();
        try {
            moreToReap = run.moreToReap();
        } finally {
            lock.unlock();
        }
    }

    private void reuse(BlockList dead) {
        lock.lock();
        try {
            if (pins > 0) {
                pinned.add(dead);
                return;
            }
        } finally {
            lock.unlock();
        }
        volume.space().reuse(List.of(dead));
    }

    /**
     * Keeps blocks from being used again, until {@link #unpin}: all that the checkpoints from now on leave out. So a
     * caller can read the state of one of these checkpoints at leisure.
     */
    public void pin() {
        lock.lock();
        try {
            pins++;
        } finally {
            lock.unlock();
        }
    }

    /** Ends a {@link #pin}. */
    public void unpin() {
        List<BlockList> dead;
        lock.lock();
        try {
            if (--pins > 0) {
                return;
            }
            dead = pinned;
            pinned = new ArrayList<>();
        } finally {
            lock.unlock();
        }
        volume.space().reuse(dead);
    }

    /** Something done with the newest superblock. */
    public interface Inspection<T> {
        T inspect(Superblock superblock) throws HoldfastException;
    }

    /**
     * Looks at the newest superblock while no checkpoint is being written: the next but one overwrites the superblock
     * and the space map in their fixed places, whatever is pinned.
     */
    public <T> T whileIdle(Inspection<T> inspection) throws HoldfastException {
        runLock.lock();
        try {
            return inspection.inspect(superblock);
        } finally {
            runLock.unlock();
        }
    }

    /** Sets all changes aside at one point of the log. */
    private final class Frozen implements Freeze {
        private NavigableMap<Long, BlockMap> maps = new TreeMap<>();
        private @Nullable NavigableMap<byte[], Item> items;
        private @Nullable LogPosition position;

        @Override
        public void freeze(LogPosition at) {
            maps = volume.maps().freezeAll();
            items = volume.items().freeze();
            volume.space().freeze();
            budget.froze();
            position = at;
        }

        NavigableMap<byte[], Item> items() {
            NavigableMap<byte[], Item> frozen = items;
            if (frozen == null) {
                throw new IllegalStateException("not frozen");
            }
            return frozen;
        }

        LogPosition position() {
            LogPosition at = position;
            if (at == null) {
                throw new IllegalStateException("not frozen");
            }
            return at;
        }
    }

    private void wakeAll() {
        lock.lock();
        try {
            wanted.signalAll();
            done.signalAll();
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
        } finally {
            lock.unlock();
        }
        Threads.join(thread);
    }
}
