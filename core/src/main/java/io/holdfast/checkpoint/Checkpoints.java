package io.holdfast.checkpoint;

import io.holdfast.concurrent.Timing;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.format.Item;
import io.holdfast.format.Layout;
import io.holdfast.format.LogPosition;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.Freeze;
import io.holdfast.mapping.BlockMap;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.space.BlockList;
import io.holdfast.space.SpaceMap;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoints of a volume, one after the other, and the newest superblock. Whoever writes one does so in the caller's
 * thread: the {@link Checkpointer} while the volume is in use, recovery before, and closing the volume behind.
 */
public final class Checkpoints {
    private final VolumeState volume;
    private final SpaceMap spaceMap;
    private final Superblocks superblocks;
    private final ChangeBudget budget;
    private final Timing timing;
    private final AtomicLong written = new AtomicLong();
    /** Held while a checkpoint is written; taken before {@code lock}. */
    private final ReentrantLock runLock = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    private boolean moreToReap;
    private int pins;
    private List<BlockList> pinned = new ArrayList<>();

    /** What the next checkpoint is to make of the volume; null if it keeps its size. */
    private final AtomicReference<@Nullable Layout> growth = new AtomicReference<>();

    private volatile Superblock superblock;
    private volatile Runnable moved = () -> {};
    private volatile @Nullable Long deadline;
    private boolean abandoned;
    /** Whether a checkpoint of this mount has looked whether lost nodes can be read again: a bad sector may take seconds. */
    private boolean lookedForLost;

    /** @param superblock the one that was found */
    public Checkpoints(
            VolumeState volume,
            SpaceMap spaceMap,
            Superblocks superblocks,
            Superblock superblock,
            ChangeBudget budget,
            Timing timing) {
        this.volume = volume;
        this.spaceMap = spaceMap;
        this.superblocks = superblocks;
        this.superblock = superblock;
        this.budget = budget;
        this.timing = timing;
    }

    /** Stops all changes for a moment, and freezes them at one place of the log. */
    public interface Cut {
        /** Returns false if there was no room for what must be in the log before; nothing was frozen then. */
        boolean freeze(Freeze freeze) throws HoldfastException;
    }

    /** Returns the newest superblock. */
    public Superblock superblock() {
        return superblock;
    }

    /** Returns how many checkpoints were written. */
    public long written() {
        return written.get();
    }

    /** Sets what is called, in the thread that writes a checkpoint, when writers who wait may go on. It must not wait. */
    void onMove(Runnable call) {
        moved = call;
    }

    /** Returns what bounds the changes of maps. */
    public ChangeBudget budget() {
        return budget;
    }

    /** Returns whether subtrees are left for a later checkpoint to free. */
    boolean moreToReap() {
        lock.lock();
        try {
            return moreToReap;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Says in a superblock of its own, durably, that the volume is in use from here on, and where its log begins. The trees
     * stay as they are.
     */
    public void begin(LogPosition log) throws HoldfastException {
        runLock.lock();
        try {
            Superblock next = superblock.opened(log, budget.share());
            volume.device().flush();
            superblocks.write(next);
            volume.device().flush();
            superblock = next;
        } finally {
            runLock.unlock();
        }
    }

    /** Makes what opening found durable, before the first checkpoint: {@link Superblocks#secure}. */
    void secure(Superblocks.Found found) throws HoldfastException {
        superblocks.secure(found);
    }

    /** Sets what the next checkpoint is to make of the volume; null if it keeps its size. */
    void growTo(@Nullable Layout larger) {
        growth.set(larger);
    }

    /**
     * Bounds the time of checkpoints: one that is not durable by then is given up, and no other is written. For closing
     * the volume: its log has all that the checkpoint would have.
     *
     * @param nanoTime as of {@link Timing#nanoTime}
     */
    public void giveUpAt(long nanoTime) {
        deadline = nanoTime;
    }

    private boolean isLate() {
        Long until = deadline;
        return until != null && (timing.nanoTime() - until >= 0 || Inject.fails(Point.CHECKPOINT_LATE));
    }

    /** Ends a checkpoint that takes too long. Nothing on the device points to what it has written so far. */
    void checkTime() {
        if (isLate()) {
            throw new GivenUpException();
        }
    }

    /** A checkpoint was given up. The frozen changes stay frozen. */
    static final class GivenUpException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /**
     * Writes one checkpoint. If this throws, the changes stay frozen, and no other checkpoint can be written.
     *
     * @param clean nothing will follow: the log is empty from here on
     * @return false if it was given up
     */
    public boolean write(Cut cut, boolean clean) throws HoldfastException {
        runLock.lock();
        try {
            if (abandoned || isLate()) {
                return false;
            }
            writeLocked(cut, clean);
            return true;
        } catch (GivenUpException e) {
            abandoned = true;
            return false;
        } finally {
            runLock.unlock();
        }
    }

    private void writeLocked(Cut cut, boolean clean) throws HoldfastException {
        Frozen frozen = new Frozen();
        if (!cut.freeze(frozen)) {
            throw FailureLatch.outOfSpace(volume.device().name());
        }
        CheckpointPace pace = new CheckpointPace(budget, frozen.maps.values(), this::checkTime, moved);
        CheckpointRun run = new CheckpointRun(
                volume, spaceMap, superblocks, superblock, budget.share(), takeGrowth(), !lookedForLost, pace);
        lookedForLost = true;
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
        written.incrementAndGet();
        for (String damage : run.damage()) {
            System.getLogger("holdfast")
                    .log(System.Logger.Level.WARNING, volume.device().name() + ": " + damage);
        }
        lock.lock();
        try {
            moreToReap = run.moreToReap();
        } finally {
            lock.unlock();
        }
    }

    /** Returns what the volume is to become; null if it keeps its size. */
    private @Nullable Layout takeGrowth() {
        Layout larger = growth.getAndSet(null);
        return larger == null || larger.blocks() <= superblock.blocks() ? null : larger;
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
}
