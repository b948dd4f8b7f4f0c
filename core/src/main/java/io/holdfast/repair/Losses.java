package io.holdfast.repair;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** All that a repair loses, also what its plan does not list. Bounded; used by one thread. */
public final class Losses {
    /** More are only counted. */
    static final int KEPT_MAX = 1 << 16;

    private final Set<Loss> kept = new HashSet<>();
    private long count;

    /**
     * Something that is lost.
     *
     * @param inode number of the file that it is about, or -1
     * @param what as in {@link io.holdfast.volume.RepairPlan.Repair#loss}
     */
    public record Loss(long inode, String what) {}

    void add(long inode, String what) {
        count++;
        if (kept.size() < KEPT_MAX) {
            kept.add(new Loss(inode, what));
        }
    }

    long count() {
        return count;
    }

    /** Returns whether there are so many that nobody knows all of them. */
    public boolean areTooMany() {
        return count > KEPT_MAX;
    }

    /** Returns a loss that others do not have; empty if they have all of these. */
    public Optional<Loss> beside(Losses others) {
        return kept.stream().filter(loss -> !others.kept.contains(loss)).findFirst();
    }
}
