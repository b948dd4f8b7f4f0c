package io.holdfast.space;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Brings the bitmaps of groups into memory. A group whose bitmap cannot be read is closed, and tried again after later
 * checkpoints. A group whose bitmap does not agree with what was counted stays closed.
 *
 * <p>Invariant: a thread reads a bitmap without the lock. It takes the bitmap only if no checkpoint has written the group
 * meanwhile, and adds the dead blocks of that moment, which are free on the device already and not yet in use again.
 */
final class GroupLoading {
    private static final System.Logger LOG = System.getLogger("holdfast");

    /** Closed groups to try again at once. */
    private static final int RETRIES_MAX = 8;

    private final Bitmaps bitmaps;
    private final GroupAllocator groups;
    private final DeadBlocks dead;
    private final ReentrantLock lock;
    /** Whether to load a group before the next allocation. Changed under the lock, read without. */
    private volatile boolean wantsGroups;
    /** Why the first of the closed groups is closed. */
    private volatile @Nullable HoldfastException closedBecause;

    /** @param lock guards {@code groups} and {@code dead} */
    GroupLoading(Bitmaps bitmaps, GroupAllocator groups, DeadBlocks dead, ReentrantLock lock) {
        this.bitmaps = bitmaps;
        this.groups = groups;
        this.dead = dead;
        this.lock = lock;
        this.wantsGroups = groups.wantsMore();
    }

    /** Does as {@link SpaceManager#wantsGroups}. */
    boolean wantsGroups() {
        return wantsGroups;
    }

    /** Notes that the free blocks have changed; called under the lock. */
    void update() {
        wantsGroups = groups.wantsMore();
    }

    /** Does as {@link SpaceManager#loadAhead}. */
    boolean loadAhead() throws HoldfastException {
        boolean any = false;
        while (true) {
            long group;
            lock.lock();
            try {
                group = groups.wantsMore() ? groups.nextToLoad() : -1;
                wantsGroups = group >= 0;
            } finally {
                lock.unlock();
            }
            if (group < 0) {
                return any;
            }
            bitmaps.prepare(group);
            any |= load(group);
        }
    }

    /** Loads one group that has free blocks, whether or not it is time to, if there is one. */
    void loadOne() throws HoldfastException {
        long group;
        lock.lock();
        try {
            group = groups.nextToLoad();
        } finally {
            lock.unlock();
        }
        if (group >= 0) {
            bitmaps.prepare(group);
            load(group);
        }
    }

    /**
     * Loads a group that is not loaded, for its free blocks to be discarded; returns whether it is loaded now. A group that was never
     * in use has nothing to discard.
     *
     * @throws HoldfastException {@code HOST_FULL} if there is no room for its bitmap: then writers must not get it
     */
    boolean loadUsed(long group) throws HoldfastException {
        lock.lock();
        try {
            if (groups.isLoaded(group)) {
                return true;
            }
        } finally {
            lock.unlock();
        }
        if (bitmaps.version(group) == 0) {
            return false;
        }
        bitmaps.prepare(group);
        return load(group);
    }

    /** Returns why a group was closed. */
    Optional<HoldfastException> closedBecause() {
        return Optional.ofNullable(closedBecause);
    }

    /** Loads a group; returns whether it is loaded now. */
    boolean load(long group) {
        while (true) {
            long version = bitmaps.version(group);
            long[] allocated;
            HoldfastException problem = null;
            Layout layout;
            try {
                allocated = bitmaps.read(group);
            } catch (HoldfastException e) {
                boolean believed = Inject.off(Guard.UNREADABLE_CLOSES_GROUP);
                allocated = new long[believed ? groups.layout().groupBlocks() / Long.SIZE : 0];
                problem = believed ? null : e;
            }
            Inject.at(Point.GROUP_READ);
            boolean first;
            lock.lock();
            try {
                layout = groups.layout();
                if (groups.isLoaded(group)) {
                    return true;
                }
                if (groups.isClosed(group)) {
                    return false;
                }
                if (version != bitmaps.version(group)) {
                    continue;
                }
                if (problem == null && take(group, allocated.clone())) {
                    bitmaps.keep(group, version, allocated);
                    return true;
                }
                boolean wrong = problem == null;
                if (problem == null) {
                    problem = new HoldfastException(
                            ErrorCode.DAMAGED,
                            "%s: space map: the bitmap of group %d does not have as many free blocks as it should; run check"
                                    .formatted(bitmaps.name(), group));
                }
                first = groups.close(group, wrong);
                closedBecause = closedBecause == null ? problem : closedBecause;
            } finally {
                lock.unlock();
            }
            if (first) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "{0}: nothing more is written to blocks {1} to {2}, since it cannot be read which of them are in use: {3}; what is there stays readable; look after the device, and run ''holdfast check --repair''",
                        bitmaps.name(),
                        String.valueOf(layout.groupStart(group)),
                        String.valueOf(layout.groupEnd(group) - 1),
                        problem.getMessage());
            }
            return false;
        }
    }

    /** Does as {@link SpaceManager#retryClosed}. */
    void retryClosed() {
        for (int i = 0; i < RETRIES_MAX; i++) {
            long group;
            lock.lock();
            try {
                group = groups.nextToRetry();
            } finally {
                lock.unlock();
            }
            if (group < 0) {
                return;
            }
            retry(group);
        }
    }

    /** Reads the bitmap of a closed group again; if that works, the group can be loaded again. */
    private void retry(long group) {
        boolean readable = true;
        Layout layout;
        try {
            bitmaps.read(group);
        } catch (HoldfastException e) {
            readable = false;
        }
        lock.lock();
        try {
            layout = groups.layout();
            if (!readable) {
                groups.close(group, false);
                return;
            }
            groups.reopen(group);
            closedBecause = groups.anyClosed() ? closedBecause : null;
            update();
        } finally {
            lock.unlock();
        }
        LOG.log(
                System.Logger.Level.INFO,
                "{0}: blocks {1} to {2} are written to again: it can be read which of them are in use",
                bitmaps.name(),
                String.valueOf(layout.groupStart(group)),
                String.valueOf(layout.groupEnd(group) - 1));
    }

    private boolean take(long group, long[] busy) {
        long[] fixed = GroupBits.fixed(groups.layout(), group);
        for (int i = 0; i < fixed.length; i++) {
            busy[i] |= fixed[i];
        }
        if (!Inject.off(Guard.LOADED_GROUP_HAS_DEAD)) {
            dead.addTo(group, busy);
        }
        groups.addClaimsTo(group, busy);
        return groups.load(group, busy);
    }
}
