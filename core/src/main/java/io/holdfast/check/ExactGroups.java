package io.holdfast.check;

import io.holdfast.format.Layout;
import java.util.Arrays;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Says for which groups a check keeps bits for single blocks, so that these take bounded memory. Each such group has a <em>unit</em>, a number from 1 on, by
 * which the sets that share this find the group's bits. Units go to the groups that are asked for first. When none is left, all other groups have none for the
 * rest of the pass: the answer for a group never changes within a pass. Thread-safe.
 */
final class ExactGroups {
    private static final int UNDECIDED = 0;
    private static final int NONE = -1;
    /** An earlier round had it. */
    private static final int DONE = -2;

    private final int max;
    /** The unit of each group, or one of the constants. */
    private final AtomicIntegerArray units;

    private final ReentrantLock lock = new ReentrantLock();
    private int[] free = new int[16];
    private int freeCount;
    private int made;
    private boolean refused;

    /** @param max most groups, at least 1 */
    ExactGroups(Layout layout, int max) {
        if (max < 1) {
            throw new IllegalArgumentException("%d groups".formatted(max));
        }
        this.max = max;
        this.units = new AtomicIntegerArray(Math.toIntExact(layout.groups()));
    }

    /** Returns the most groups that have a unit at a time. */
    int max() {
        return max;
    }

    /** Returns the unit of a group, which gets one if there is one left; 0 if it has none. */
    int unit(long group) {
        if (group >= units.length()) {
            return 0; // The volume has grown.
        }
        int unit = units.get((int) group);
        return unit == UNDECIDED ? decide((int) group) : Math.max(unit, 0);
    }

    /** Returns the unit of a group that has one already, else 0. */
    int unitIfAny(long group) {
        return group < units.length() ? Math.max(units.get((int) group), 0) : 0;
    }

    /** Returns whether somebody has asked for the unit of a group. */
    boolean isDecided(long group) {
        return units.get((int) group) != UNDECIDED;
    }

    private int decide(int group) {
        lock.lock();
        try {
            int unit = units.get(group);
            if (unit == UNDECIDED) {
                unit = take();
                units.set(group, unit == 0 ? NONE : unit);
                refused |= unit == 0;
            }
            return Math.max(unit, 0);
        } finally {
            lock.unlock();
        }
    }

    private int take() {
        if (freeCount > 0) {
            freeCount--;
            return free[freeCount];
        }
        if (made == max) {
            return 0;
        }
        made++;
        return made;
    }

    private void giveBack(int unit) {
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, freeCount * 2);
        }
        free[freeCount] = unit;
        freeCount++;
    }

    /** Returns whether some group was asked for that got no unit. */
    boolean hasRefused() {
        lock.lock();
        try {
            return refused;
        } finally {
            lock.unlock();
        }
    }

    /** Something done with a unit that a group loses. */
    interface Released {
        void unit(int unit);
    }

    /**
     * Begins another pass. The groups of {@code kept} keep their units; the groups of {@code wanted} get one each; all others that were asked for have none from now on.
     *
     * @param wanted as many as there is room for beside {@code kept}, at most
     */
    void assign(Collection<Long> kept, Collection<Long> wanted, Released released) {
        lock.lock();
        try {
            for (int group = 0; group < units.length(); group++) {
                int unit = units.get(group);
                if (unit > 0 && !kept.contains((long) group)) {
                    released.unit(unit);
                    giveBack(unit);
                    units.set(group, NONE);
                }
            }
            for (long group : wanted) {
                int unit = take();
                if (unit == 0) {
                    throw new IllegalStateException("more than %d groups".formatted(max));
                }
                units.set((int) group, unit);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Begins another pass for the groups that were asked for and got no unit. Those that had one lose it, and get none any more. */
    void nextRound(Released released) {
        lock.lock();
        try {
            for (int group = 0; group < units.length(); group++) {
                int unit = units.get(group);
                if (unit > 0) {
                    released.unit(unit);
                    giveBack(unit);
                }
                units.set(group, unit == NONE || unit == UNDECIDED ? UNDECIDED : DONE);
            }
            refused = false;
        } finally {
            lock.unlock();
        }
    }
}
