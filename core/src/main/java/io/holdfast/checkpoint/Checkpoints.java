package io.holdfast.checkpoint;

import io.holdfast.concurrent.Latencies;
import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.CheckpointEvent;
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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoints of a volume, one after the other, and the newest superblock. Whoever writes one does so in the caller's
 * thread: the {@link Checkpointer} while the volume is in use, recovery before, and closing the volume behind.
 */
public final class Checkpoints {
    /** Most blocks kept for pins: 4 GiB, in at most 2 MiB of heap. */
    private static final long PINNED_MAX = 1L << 20;
    /** The part of the volume's blocks that pins may keep. */
    private static final int PINNED_PART = 16;

    private final VolumeState volume;
    private final SpaceMap spaceMap;
    private final Superblocks superblocks;
    private final ChangeBudget budget;
    private final Timing timing;
    private final AtomicLong written = new AtomicLong();
    /** Held while a checkpoint is written; taken before {@code lock}. */
    private final ReentrantLock runLock = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    /** Whether the next checkpoint that may is to free some of the subtrees that were cut off. */
    private boolean mayReap;

    private final List<Pin> pins = new ArrayList<>();
    private List<BlockList> pinned = new ArrayList<>();
    private long pinnedBlocks;
    private final List<Watcher> watchers = new CopyOnWriteArrayList<>();

    /** What the next checkpoint is to make of the volume; null if it keeps its size. */
    private final AtomicReference<@Nullable Layout> growth = new AtomicReference<>();

    private volatile Superblock superblock;
    /** The thread that writes checkpoints, or wrote the last one. */
    private volatile @Nullable Thread writer;

    private final Latencies times = new Latencies();
    private volatile boolean running;
    private volatile long durableAt;

    private volatile Runnable moved = () -> {};
    private volatile Runnable reapable = () -> {};
    /** True until a checkpoint has looked. */
    private volatile boolean hasDeadTrees = true;

    private volatile long reapedNodes;
    private volatile FileNames names = FileNames.NUMBERS;
    private volatile @Nullable Long deadline;
    private boolean abandoned;
    /** Whether a checkpoint of this mount has looked whether lost nodes can be read again: a bad sector may take seconds. */
    private boolean lookedForLost;

    private boolean rewritesRoot;

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
        this.durableAt = timing.nanoTime();
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

    /** Returns whether a checkpoint is being written; a hint. */
    public boolean isRunning() {
        return running;
    }

    /** Returns the nanoseconds since the newest checkpoint became durable, or this was made. */
    public long nanosSince() {
        return timing.nanoTime() - durableAt;
    }

    /** Returns how long the checkpoints took. */
    public Latencies times() {
        return times;
    }

    /** Returns the clock of this. */
    Timing timing() {
        return timing;
    }

    /** Returns how many checkpoints were written. */
    public long written() {
        return written.get();
    }

    /** Sets what is called, in the thread that writes a checkpoint, when writers who wait may go on. It must not wait. */
    void onMove(Runnable call) {
        moved = call;
    }

    /** Sets what the lines of the log call files. */
    public void setNames(FileNames finder) {
        names = finder;
    }

    /** Lets the next checkpoint write both copies of the metadata tree's root anew: one of them cannot be read. Before the first checkpoint. */
    public void rewriteRoot() {
        rewritesRoot = true;
    }

    /** Returns what bounds the changes of maps. */
    public ChangeBudget budget() {
        return budget;
    }

    /** Returns whether there are subtrees that were cut off and are not freed, as far as the last checkpoint knew. */
    public boolean hasDeadTrees() {
        return hasDeadTrees;
    }

    /** Returns whether a checkpoint that is allowed to will free some of these. */
    boolean moreToReap() {
        return hasDeadTrees && !areDeadTreesKept();
    }

    /** Returns how many nodes the last checkpoint has read to free subtrees. */
    public long reapedNodes() {
        return reapedNodes;
    }

    /** Sets what is called, on any thread, when there are subtrees to be freed. It must not wait. */
    public void onReapable(Runnable call) {
        reapable = call;
    }

    /** Lets the next checkpoint free a bounded part of the subtrees that were cut off. */
    public void allowReaping() {
        lock.lock();
        try {
            mayReap = true;
        } finally {
            lock.unlock();
        }
    }

    private boolean takeReaping() {
        lock.lock();
        try {
            boolean reaps = mayReap && !areDeadTreesKept();
            mayReap &= !reaps;
            return reaps;
        } finally {
            lock.unlock();
        }
    }

    private void tellReapable() {
        if (moreToReap()) {
            reapable.run();
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
            if (superblock.repaired() && Inject.off(Guard.OPENING_ENDS_UNDO)) {
                next = next.asRepaired();
            }
            volume.device().flush();
            superblocks.write(next);
            volume.device().flush();
            superblock = next;
        } finally {
            runLock.unlock();
        }
    }

    /** Makes what opening found durable, before the first checkpoint: {@link Superblocks#secure}. */
    public void secure(Superblocks.Found found) throws HoldfastException {
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
        CheckpointEvent event = new CheckpointEvent();
        event.begin();
        long begun = timing.nanoTime();
        boolean done = false;
        running = true;
        try {
            if (abandoned || isLate()) {
                return false;
            }
            writer = Thread.currentThread();
            writeLocked(cut, clean);
            done = true;
            durableAt = timing.nanoTime();
            times.add(durableAt - begun);
            tellReapable();
            return true;
        } catch (GivenUpException e) {
            abandoned = true;
            return false;
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.HOST_FULL && volume.room().isStopped()) {
                // The volume is being closed, and does not wait for room. Its log has everything.
                abandoned = true;
                return false;
            }
            throw e;
        } finally {
            running = false;
            event.ended(superblock.generation(), done);
            runLock.unlock();
        }
    }

    private void writeLocked(Cut cut, boolean clean) throws HoldfastException {
        Frozen frozen = new Frozen();
        if (!cut.freeze(frozen)) {
            throw volume.space()
                    .noBlock(volume.device().name() + ": no block is left for the log; its last blocks were used up");
        }
        CheckpointPace pace = new CheckpointPace(budget, frozen.maps.values(), this::checkTime, moved);
        CheckpointRun run = new CheckpointRun(
                volume,
                spaceMap,
                superblocks,
                superblock,
                budget.share(),
                takeGrowth(),
                !lookedForLost,
                rewritesRoot,
                takeReaping(),
                Corrections.NONE,
                pace);
        lookedForLost = true;
        Inject.at(Point.CHECKPOINT_FROZEN);
        Superblock next = run.write(frozen.maps, frozen.items(), frozen.position(), clean);
        Inject.at(Point.CHECKPOINT_DURABLE);
        rewritesRoot = false;
        // Items first: a map opened from here on finds its new root there, and one opened before gets it below.
        volume.items().commitRoot(next.treeRoot(), next.inodesBelow());
        run.roots().forEach((inode, root) -> {
            BlockMap map = volume.maps().find(inode);
            if (map != null) {
                map.commit(root);
            }
        });
        budget.committed();
        if (!Inject.off(Guard.CHECK_HEARS_CHANGES)) {
            watchers.forEach(watcher -> watcher.changed(run.taken(), run.dropped()));
        }
        if (!watchers.isEmpty()) {
            Inject.at(Point.CHECKPOINT_TOLD);
        }
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
        for (String damage : run.damage(names)) {
            System.getLogger("holdfast")
                    .log(System.Logger.Level.WARNING, volume.device().name() + ": " + damage);
        }
        hasDeadTrees = run.moreToReap();
        reapedNodes = run.reapedNodes();
    }

    /**
     * Writes the checkpoint of a repair, the last of this mount: what was replayed becomes part of the trees, with what is
     * corrected. None of the blocks that it leaves out is used again, so what the checkpoint before needs stays on the device.
     *
     * @param corrected the superblock that was found, with the right counts
     */
    public void repair(Cut cut, Superblock corrected, Corrections corrections) throws HoldfastException {
        runLock.lock();
        try {
            abandoned = true;
            Frozen frozen = new Frozen();
            cut.freeze(frozen);
            CheckpointPace pace = new CheckpointPace(budget, frozen.maps.values(), () -> {}, moved);
            CheckpointRun run = new CheckpointRun(
                    volume,
                    spaceMap,
                    superblocks,
                    corrected,
                    budget.share(),
                    null,
                    true,
                    rewritesRoot,
                    false,
                    corrections,
                    pace);
            superblock = run.write(frozen.maps, frozen.items(), frozen.position(), true);
        } finally {
            runLock.unlock();
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
            if (keepsBlocks()) {
                pinned.add(dead);
                pinnedBlocks += dead.size();
                if (pinnedBlocks <= pinnedMax()) {
                    return;
                }
            }
        } finally {
            lock.unlock();
        }
        if (!revokePins()) {
            volume.space().reuse(List.of(dead));
        }
    }

    /** What was cut off is in no block that a checkpoint leaves out, so the pins of dead trees need none of these. */
    private boolean keepsBlocks() {
        return pins.stream().anyMatch(pin -> !pin.keepsDeadTrees);
    }

    /** Returns how many blocks may be kept for pins: more would soon be missed. */
    private long pinnedMax() {
        return Math.min(PINNED_MAX, superblock.blocks() / PINNED_PART);
    }

    /**
     * Keeps what the newest checkpoint reaches as it is, for a reader that goes through it: blocks that later checkpoints
     * leave out are not used again. Writers who need the space come first: they {@link #revokePins}.
     */
    public final class Pin implements AutoCloseable {
        private final boolean keepsDeadTrees;
        private volatile boolean revoked;

        private Pin(boolean keepsDeadTrees) {
            this.keepsDeadTrees = keepsDeadTrees;
        }

        /** Returns whether the blocks may have been used again: what was read since is worth nothing. */
        public boolean isRevoked() {
            return revoked;
        }

        /** Lets the blocks be used again. */
        @Override
        public void close() {
            List<BlockList> dead;
            lock.lock();
            try {
                pins.remove(this);
                dead = keepsBlocks() ? List.of() : takePinned();
            } finally {
                lock.unlock();
            }
            volume.space().reuse(dead);
            if (keepsDeadTrees) {
                tellReapable();
            }
        }
    }

    /** Pins the newest checkpoint, or an older one if one becomes durable meanwhile. Ask for the superblock afterwards. */
    public Pin pin() {
        return pin(false);
    }

    /**
     * Keeps the subtrees that were cut off from being freed; nothing else is kept. Waits for a running checkpoint, which may
     * be freeing some.
     *
     * @throws HoldfastException {@code NO_SPACE} if that checkpoint waits for room on the host
     */
    public Pin pinDeadTrees() throws HoldfastException {
        volume.room().checkWaiting(writer);
        runLock.lock();
        try {
            return pin(true);
        } finally {
            runLock.unlock();
        }
    }

    private Pin pin(boolean keepsDeadTrees) {
        Pin pin = new Pin(keepsDeadTrees);
        lock.lock();
        try {
            pins.add(pin);
        } finally {
            lock.unlock();
        }
        return pin;
    }

    private boolean areDeadTreesKept() {
        lock.lock();
        try {
            return pins.stream().anyMatch(pin -> pin.keepsDeadTrees);
        } finally {
            lock.unlock();
        }
    }

    /** Ends all pins, since a writer needs the space that they keep; returns whether there was one. */
    public boolean revokePins() {
        List<BlockList> dead;
        boolean keptDeadTrees;
        lock.lock();
        try {
            if (pins.isEmpty()) {
                return false;
            }
            if (!Inject.off(Guard.PINS_TELL)) {
                pins.forEach(pin -> pin.revoked = true);
            }
            keptDeadTrees = pins.stream().anyMatch(pin -> pin.keepsDeadTrees);
            pins.clear();
            dead = takePinned();
        } finally {
            lock.unlock();
        }
        volume.space().reuse(dead);
        if (keptDeadTrees) {
            tellReapable();
        }
        return true;
    }

    private List<BlockList> takePinned() {
        List<BlockList> dead = pinned;
        pinned = new ArrayList<>();
        pinnedBlocks = 0;
        return dead;
    }

    /** Learns which blocks each checkpoint changes. */
    public interface Watcher {
        /**
         * Takes the blocks that came into the trees and left them; some are in both lists. Called before the checkpoint's
         * superblock can be had from {@link #superblock}, in the thread that writes it.
         */
        void changed(BlockList taken, BlockList dropped);
    }

    /**
     * Lets {@code watcher} learn of every checkpoint whose superblock cannot be had yet. Waits for a running one, which may be
     * between telling and that.
     *
     * @throws HoldfastException {@code NO_SPACE} if that checkpoint waits for room on the host
     */
    public void watch(Watcher watcher) throws HoldfastException {
        volume.room().checkWaiting(writer);
        runLock.lock();
        try {
            watchers.add(watcher);
        } finally {
            runLock.unlock();
        }
    }

    /** Ends a {@link #watch}. */
    public void unwatch(Watcher watcher) {
        watchers.remove(watcher);
    }

    /** Something done with the newest superblock and its space map. */
    public interface Inspection {
        void inspect(Superblock newest, SpaceMap map) throws HoldfastException;
    }

    /**
     * Looks at the newest superblock while no checkpoint is being written: the next but one overwrites the superblock
     * and the space map in their fixed places, whatever is pinned.
     *
     * @throws HoldfastException {@code NO_SPACE} if the checkpoint that is being written waits for room on the host
     */
    public void whileIdle(Inspection inspection) throws HoldfastException {
        volume.room().checkWaiting(writer);
        runLock.lock();
        try {
            inspection.inspect(superblock, spaceMap);
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
