package io.holdfast.space;

import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The free blocks as what the device need not store: which groups are worth a discard, and the blocks whose discard is under
 * way. Thread-safe.
 *
 * <p>Invariant: nobody gets a block whose discard is under way, and no promise counts on it (guard {@code
 * DISCARDED_IS_LEASED}).
 */
public final class DiscardableSpace {
    private final SpaceManager manager;
    private final ReentrantLock lock;
    private final GroupAllocator groups;
    private final GroupLoading loading;
    private final FreedGroups freed = new FreedGroups();
    private final AtomicBoolean cutOff = new AtomicBoolean();
    private final Condition someDiscarded;
    /** Blocks whose discard is under way. */
    private long underWay;
    /** Callers who need some of them. */
    private int waiting;

    /** @param lock the manager's, which guards {@code groups} and what is here */
    DiscardableSpace(SpaceManager manager, ReentrantLock lock, GroupAllocator groups, GroupLoading loading) {
        this.manager = manager;
        this.lock = lock;
        this.groups = groups;
        this.loading = loading;
        this.someDiscarded = lock.newCondition();
    }

    /** Notes that blocks of a group have become free; called under the lock. */
    void freed(long group) {
        freed.freed(group);
    }

    /** Returns how many blocks are being discarded; called under the lock. */
    long underWay() {
        return underWay;
    }

    /** Notes that a range or a file was cut off: the next checkpoint frees what it has. */
    public void noteCutOff() {
        if (!cutOff.get()) {
            cutOff.set(true);
        }
    }

    /** Returns whether anything was cut off since the last call. */
    public boolean takeCutOff() {
        return cutOff.getAndSet(false);
    }

    /** Notes that one more pass is over for groups that wait to be discarded. Holds the lock for a bounded time. */
    public void passFreed() {
        int page = 0;
        while (page >= 0) {
            lock.lock();
            try {
                page = freed.pass(page);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Takes the next group from {@code from} on in which blocks have been free for long enough; -1 if there is none. */
    public long takeFreed(long from) {
        lock.lock();
        try {
            long group = freed.nextDue(from);
            if (group >= 0) {
                freed.take(group);
            }
            return group;
        } finally {
            lock.unlock();
        }
    }

    /** Notes that a group that {@link #takeFreed} returned is to come again: not all of it was discarded. */
    public void freedAgain(long group) {
        lock.lock();
        try {
            freed.freed(group);
        } finally {
            lock.unlock();
        }
    }

    /** What there is in a group besides what {@link #takeForDiscard} took. */
    public enum Rest {
        /** Nothing, as far as is known, or what comes with the next call. */
        NONE,
        /** Others need the space or the memory now. */
        SOON,
        /** There are free blocks, and all of them are promised. */
        PROMISED
    }

    /**
     * What {@link #takeForDiscard} took.
     *
     * @param next index in the group to go on from
     */
    public record Discardable(List<Run> runs, int next, Rest rest) {
        private static Discardable none(int next, Rest rest) {
            return new Discardable(List.of(), next, rest);
        }
    }

    /**
     * Takes free blocks of a group, which nobody else gets until {@link #discarded}. No promise is broken for them: of a volume that is
     * nearly full, fewer are taken, or none. Blocks that are about to be allocated stay: a checkpoint finds room there, also on a full
     * host. May read the device, as {@link SpaceManager#loadAhead}.
     *
     * @param from index in the group of the block to begin at
     * @param shortest blocks of a run at least
     * @param most blocks at most
     * @param runsMax runs at most
     * @throws HoldfastException {@code HOST_FULL} if the group is not in memory, and there is no room for its bitmap
     */
    public Discardable takeForDiscard(long group, int from, int shortest, int most, int runsMax)
            throws HoldfastException {
        if (!hasFree(group, shortest) || !loading.loadUsed(group)) {
            return Discardable.none(from, Rest.NONE);
        }
        List<Run> runs = new ArrayList<>();
        lock.lock();
        try {
            // It may have been forgotten meanwhile, for others; and whoever waits for space comes first.
            if (!groups.isLoaded(group) || waiting > 0) {
                return Discardable.none(from, Rest.SOON);
            }
            int next = groups.takeRuns(group, from, shortest, Math.min(most, manager.left()), runsMax, runs);
            long blocks = runs.stream().mapToLong(Run::length).sum();
            manager.lend(blocks);
            underWay += blocks;
            loading.update();
            boolean more =
                    manager.layout().groupStart(group) + next < manager.layout().groupEnd(group);
            return new Discardable(runs, next, runs.isEmpty() && more ? Rest.PROMISED : Rest.NONE);
        } finally {
            lock.unlock();
        }
    }

    private boolean hasFree(long group, int blocks) {
        lock.lock();
        try {
            return group < manager.layout().groups() && groups.freeIn(group) >= Math.max(1, blocks);
        } finally {
            lock.unlock();
        }
    }

    /** Makes the blocks that {@link #takeForDiscard} took free again, whether or not they were discarded. */
    public void discarded(List<Run> runs) {
        lock.lock();
        try {
            for (Run run : runs) {
                groups.giveBack(run);
                manager.takeBack(run.length());
                underWay -= run.length();
            }
            loading.update();
            someDiscarded.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Does as {@link SpaceManager#reserve}, and waits while only blocks that are being discarded are missing, which takes moments. None are taken for
     * that meanwhile.
     */
    SpaceAnswer reservePatiently(long blocks, SpacePurpose purpose) {
        lock.lock();
        try {
            SpaceAnswer answer = manager.reserve(blocks, purpose);
            waiting++;
            try {
                while (answer == SpaceAnswer.DISCARDING) {
                    someDiscarded.awaitUninterruptibly();
                    answer = manager.reserve(blocks, purpose);
                }
            } finally {
                waiting--;
            }
            return answer;
        } finally {
            lock.unlock();
        }
    }
}
