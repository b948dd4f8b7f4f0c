package io.holdfast.space;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Allocates blocks and keeps its promises: every reserved block can be allocated. (It has many lines: the
 * promises and the allocation share one lock and one sum.)
 *
 * <p>Invariants, under the lock:
 *
 * <ul>
 *   <li>A block is free in the bitmap only if no durable checkpoint, no record of the log, and no reader needs it. Dead
 *       blocks wait as {@code pending} until the checkpoint that leaves them out is durable and the readers that may
 *       know them have left (guards {@code FREED_AWAIT_CHECKPOINT} and {@code FREED_AWAIT_READERS}).
 *   <li>{@code available() = free + leased - reserved - metadata - unwritten - slop} may be promised to a write. Each
 *       promise ends exactly once: as an allocation, or given back.
 *   <li>The slop is for changes that must never fail on a full volume: log headers, the checkpoint's own nodes,
 *       removals, and the nodes for writes into unwritten blocks, of which a dirty page reserves more than it needs.
 * </ul>
 */
public final class SpaceManager {
    private static final int GROUPS_LOADED_MIN = 2;

    private final ReentrantLock lock = new ReentrantLock();
    private final GroupAllocator groups;
    /** This and the two below change when the volume grows: under the lock; read without. */
    private volatile Layout layout;

    private volatile long usable;
    private volatile long slop;

    private long leased;
    private final Promises promises = new Promises();
    private final DeadBlocks dead;
    private final GroupLoading loading;
    private final DiscardableSpace discardable;

    /** Makes the manager of an empty volume. */
    public SpaceManager(Layout layout) {
        this(layout, Bitmaps.allFree(layout), GROUPS_LOADED_MIN);
    }

    /** @param groupsLoaded how many groups' bitmaps stay in memory without need, 8 KiB each; at least 2 */
    public SpaceManager(Layout layout, Bitmaps bitmaps, int groupsLoaded) {
        this.layout = layout;
        this.groups = new GroupAllocator(layout, bitmaps, Math.max(GROUPS_LOADED_MIN, groupsLoaded));
        this.dead = new DeadBlocks(layout);
        this.loading = new GroupLoading(bitmaps, groups, dead, lock);
        this.discardable = new DiscardableSpace(this, lock, groups, loading);
        usable = usable(layout, 0);
        slop = slop(usable);
    }

    /** Returns how many blocks of a group and of all behind it can be allocated. */
    private static long usable(Layout layout, long from) {
        long sum = 0;
        for (long group = from; group < layout.groups(); group++) {
            sum += layout.usable(group);
        }
        return sum;
    }

    private static long slop(long usable) {
        return Math.clamp(usable / 64, 192, 16384);
    }

    /** Returns where the fixed structures of the volume are. Another one holds once the volume has grown. */
    public Layout layout() {
        return layout;
    }

    /** Returns how many blocks lie outside of the fixed structures. */
    public long usable() {
        return usable;
    }

    public long slop() {
        return slop;
    }

    /** Returns a good length for a run of the log: long enough to write at full speed, short against the slop. */
    public int runLength() {
        return Math.clamp(usable / 256, 16, 1024);
    }

    /**
     * Takes the groups that a volume gets when it grows. From here on blocks of them are allocated, and the log names
     * them: so the superblock with the new size is durable, and the space map knows the groups. Called by one thread.
     */
    public void grow(Layout larger) {
        Layout smaller = layout;
        long last = smaller.groups() - 1;
        long sum = usable - usable(smaller, last) + usable(larger, last);
        FreeCounts.Larger counts = groups.prepare(larger);
        lock.lock();
        try {
            groups.grow(counts);
            layout = larger;
            usable = sum;
            slop = slop(sum);
            loading.update();
        } finally {
            lock.unlock();
        }
    }

    // ---- groups ----

    /** Returns whether {@link #loadAhead} should be called. Cheap. */
    public boolean wantsGroups() {
        return loading.wantsGroups();
    }

    /**
     * Loads groups with free blocks until enough are at hand for the next allocations. Reads the device, so the caller
     * holds no lock that others wait for. A group whose bitmap cannot be read is closed: nothing of it is allocated, until
     * {@link #retryClosed} can read it.
     *
     * @return whether there are more blocks at hand than before
     * @throws HoldfastException {@code HOST_FULL} if the device has no room for the bitmap of the next group
     */
    public boolean loadAhead() throws HoldfastException {
        return loading.loadAhead();
    }

    /**
     * Reads the bitmaps of some closed groups again, of each after 1, 2, 4 … checkpoints, and takes those that can be read
     * into use. Reads the device, so the caller holds no lock that others wait for.
     */
    public void retryClosed() {
        loading.retryClosed();
    }

    /** Returns why nothing is allocated in some group. */
    public Optional<HoldfastException> closedBecause() {
        return loading.closedBecause();
    }

    /**
     * Makes the error for a block that is needed, and not there.
     *
     * @param otherwise the message of a {@code NO_SPACE} if every group can be allocated from; else the error is why one is closed
     */
    public HoldfastException noBlock(String otherwise) {
        return closedBecause().orElseGet(() -> new HoldfastException(ErrorCode.NO_SPACE, otherwise));
    }

    /**
     * Marks a block of the log that is being replayed as in use. Reads nothing: whether the checkpoint uses the block, too,
     * turns out when its group is loaded, which is then closed.
     *
     * @return false if the log has the block already, or it cannot be in use besides
     */
    public boolean claim(long block) {
        if (!layout.isAllocatable(block)) {
            return false;
        }
        lock.lock();
        try {
            return groups.claim(block);
        } finally {
            lock.unlock();
        }
    }

    /** Notes that the log is replayed: the next checkpoint has all that it has. */
    public void claimed() {
        lock.lock();
        try {
            groups.claimed();
        } finally {
            lock.unlock();
        }
    }

    // ---- promises ----

    /** Promises blocks if so many are left. */
    public SpaceAnswer reserve(long blocks, SpacePurpose purpose) {
        lock.lock();
        try {
            long left = switch (purpose) {
                case WRITE -> left();
                case WRITE_UNWRITTEN, RELEASE -> left() + promises.forUnwritten() + slop / 2;
            };
            if (left < blocks && left + discardable.underWay() >= blocks) {
                return SpaceAnswer.DISCARDING;
            }
            if (left < blocks || Inject.fails(Point.ALLOCATE_RESERVE)) {
                return checkpointMayHelp() ? SpaceAnswer.FULL_FOR_NOW : SpaceAnswer.FULL;
            }
            promises.reserve(blocks);
            return SpaceAnswer.RESERVED;
        } finally {
            lock.unlock();
        }
    }

    /** Returns a reservation that others hand blocks over to. */
    public Reservation emptyReservation() {
        return new Reservation(this, 0);
    }

    /** Takes back blocks of a reservation. */
    void unreserve(long blocks) {
        if (blocks < 0) {
            throw new IllegalStateException("more used than was reserved");
        }
        lock.lock();
        try {
            promises.unreserve(blocks);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Turns blocks of a reservation into promises for the nodes that the next checkpoint will write, and for unwritten
     * blocks. Either count may be negative, for a change that replaces another.
     */
    public void settle(Reservation from, long blocks, long nodes, long unwrittenBlocks) {
        from.take(blocks);
        lock.lock();
        try {
            promises.unreserve(blocks);
            promises.change(nodes, unwrittenBlocks);
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many blocks writers may still reserve; less than 0 if the slop is in use. */
    public long available() {
        lock.lock();
        try {
            return left();
        } finally {
            lock.unlock();
        }
    }

    /** Does as {@link #available}; called under the lock. */
    long left() {
        return groups.free() + leased - promises.sum() - slop;
    }

    // ---- allocation ----

    /**
     * Takes a run of up to {@code wanted} blocks for the log; null if no block is at hand. Then {@link #loadAhead} may
     * bring some.
     */
    public @Nullable Run lease(int wanted) {
        lock.lock();
        try {
            Run run = Inject.fails(Point.ALLOCATE_LEASE) ? null : groups.take(wanted);
            if (run != null) {
                leased += run.length();
                groups.leased(run.start(), (int) run.length());
            }
            loading.update();
            return run;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes what is free of a run from its beginning on, for the log; null if nothing is. May read the device, as {@link
     * #loadAhead}.
     */
    public @Nullable Run leaseAt(Run wanted) {
        if (!layout.isAllocatable(wanted.start()) || !loading.load(layout.groupOf(wanted.start()))) {
            return null;
        }
        lock.lock();
        try {
            Run run = groups.takeAt(wanted);
            if (run != null) {
                leased += run.length();
                groups.leased(run.start(), (int) run.length());
            }
            loading.update();
            return run;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Notes that leased blocks are in use now.
     *
     * @param promised how many of them come from a reservation
     */
    public void consume(List<Run> runs, Reservation from, long promised) {
        from.take(promised);
        lock.lock();
        try {
            for (Run run : runs) {
                groups.used(run);
                leased -= run.length();
            }
            promises.unreserve(promised);
            if (leased < 0) {
                throw new IllegalStateException("more consumed than was leased");
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes a run of up to {@code wanted} blocks for nodes of a checkpoint; null if no block is free. May read the
     * device, as {@link #loadAhead}.
     */
    public @Nullable Run takeForMetadata(int wanted) throws HoldfastException {
        while (true) {
            lock.lock();
            try {
                Run run = Inject.fails(Point.ALLOCATE_NODES) ? null : groups.take(wanted);
                if (run != null) {
                    loading.update();
                    return run;
                }
            } finally {
                lock.unlock();
            }
            if (!loadAhead()) {
                return null;
            }
        }
    }

    /**
     * Takes a block for the copy of another one, as far from it as possible: in another group that has room, or else at the other end of
     * the same group. May read the device, as {@link #loadAhead}.
     *
     * @return null if no block is free
     */
    public @Nullable Run takeApart(long from) throws HoldfastException {
        if (Inject.fails(Point.ALLOCATE_NODES)) {
            return null;
        }
        if (shouldLoadAnother(from)) {
            loading.loadOne();
        }
        lock.lock();
        try {
            Run run = groups.takeApart(from);
            if (run != null) {
                loading.update();
                return run;
            }
        } finally {
            lock.unlock();
        }
        return takeForMetadata(1);
    }

    private boolean shouldLoadAnother(long than) {
        lock.lock();
        try {
            return !groups.hasAnother(than) && groups.canLoad();
        } finally {
            lock.unlock();
        }
    }

    /** Gives back blocks that were taken and never written to. */
    public void giveBackUnused(Run run) {
        lock.lock();
        try {
            for (long b = run.start(); b < run.end(); b++) {
                groups.setFree(b);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Notes that a block is dead once the present changes are in a durable checkpoint. */
    public void release(long block) {
        lock.lock();
        try {
            if (Inject.off(Guard.FREED_AWAIT_CHECKPOINT)) {
                groups.freeAtOnce(block);
                return;
            }
            dead.add(block);
        } finally {
            lock.unlock();
        }
    }

    // ---- discarding ----

    /** Returns the free blocks as what the device need not store. */
    public DiscardableSpace discardable() {
        return discardable;
    }

    /** Keeps free blocks from all others: leased and promised, so that writers find as much less. Called under the lock. */
    void lend(long blocks) {
        leased += blocks;
        promises.reserve(blocks);
    }

    /** Ends {@link #lend} for blocks that are free again. Called under the lock. */
    void takeBack(long blocks) {
        leased -= blocks;
        promises.unreserve(blocks);
    }

    // ---- checkpoint ----

    /** Separates the counts for the checkpoint that begins now from later ones. */
    public void freeze() {
        lock.lock();
        try {
            dead.freeze();
            groups.freeze();
            promises.freeze();
        } finally {
            lock.unlock();
        }
    }

    /** Notes at a freeze that a block that was taken before it is still held and in no tree: its group stays loaded. */
    public void keep(long block) {
        lock.lock();
        try {
            groups.keep(block);
        } finally {
            lock.unlock();
        }
    }

    /** Adds a block that the running checkpoint leaves out. */
    public void releaseFrozen(long block) {
        lock.lock();
        try {
            if (Inject.off(Guard.FREED_AWAIT_CHECKPOINT)) {
                groups.freeAtOnce(block);
                return;
            }
            dead.addFrozen(block);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes back {@link #releaseFrozen} for blocks that stay allocated on the device, since the bitmap of their group
     * cannot be read.
     */
    public void keepAllocated(BlockList kept) {
        lock.lock();
        try {
            dead.keepFrozen(kept);
        } finally {
            lock.unlock();
        }
    }

    /** Notes that all blocks of a group count as allocated from now on. */
    public void fill(long group) {
        lock.lock();
        try {
            groups.fill(group);
            loading.update();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Notes that the checkpoint is durable.
     *
     * @param frozenUnwritten the applied changes' count of unwritten blocks
     * @return the dead blocks; the caller passes them to {@link #reuse} once the last reader that may know them has
     *     left
     */
    public BlockList commit(long unwrittenInTree, long frozenUnwritten) {
        lock.lock();
        try {
            groups.durable();
            promises.commit(unwrittenInTree, frozenUnwritten);
            return dead.commit();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Makes dead blocks free: those of one or more lists that {@link #commit} returned, which are empty afterwards. Writers
     * wait for one group at most.
     */
    public void reuse(List<BlockList> lists) {
        for (BlockList list : lists) {
            while (reuseGroup(list)) {
                Inject.at(Point.GROUP_REUSED);
            }
        }
    }

    /** A group that is loaded before or after this finds each of its blocks either dead or free. */
    private boolean reuseGroup(BlockList list) {
        lock.lock();
        try {
            boolean any = dead.free(list, (group, bits) -> {
                groups.setFree(group, bits);
                discardable.freed(group);
            });
            loading.update();
            return any;
        } finally {
            lock.unlock();
        }
    }

    public void setUnwrittenInTree(long blocks) {
        lock.lock();
        try {
            promises.setUnwrittenInTree(blocks);
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether a checkpoint may make more blocks available. */
    private boolean checkpointMayHelp() {
        return dead.size() + promises.metadata() > 0 || promises.reserved() > 0;
    }

    /** Returns how many dead blocks wait to become free. */
    public long pending() {
        lock.lock();
        try {
            return dead.size();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the counts at one instant, in blocks. */
    public SpaceCounts counts() {
        lock.lock();
        try {
            long pending = dead.size();
            return new SpaceCounts(
                    layout.blocks(),
                    usable,
                    groups.free(),
                    leased,
                    promises.reserved(),
                    promises.metadata(),
                    promises.unwritten(),
                    pending,
                    Math.max(0, left()));
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many groups there are of each kind. */
    public GroupCounts groupCounts() {
        lock.lock();
        try {
            return groups.counts();
        } finally {
            lock.unlock();
        }
    }
}
