package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.util.Optional;

/**
 * A repair of a volume that others use: {@link #check}, then {@link #apply}. Used by one thread, once; {@link #close} may come from any. The check and the plan
 * disturb nobody. The volume's other calls wait only while {@code apply} runs.
 */
public interface LiveRepair extends AutoCloseable {
    /** How many steps {@link #apply} tells its progress of. */
    int STEPS = 4;

    /**
     * Checks the volume beside others, and decides what a repair would do.
     *
     * @throws HoldfastException as {@link Volume#check}; {@code IN_USE} also if writers have taken away again and again what the decision was made from
     */
    CheckReport check(Progress progress) throws HoldfastException;

    /** Returns what a repair would do; after {@link #check}. */
    RepairPlan plan() throws HoldfastException;

    /** Returns about how long {@link #apply} will keep others waiting, in nanoseconds; after {@link #check}. */
    long waitNanos() throws HoldfastException;

    /**
     * Repairs. Makes everything durable that was acknowledged, decides anew for exactly that state, and writes the repair in one checkpoint. Then the volume is opened
     * again, whether that has succeeded or not. No call of the old volume runs meanwhile; those that wait get {@code CLOSED} at the end, as for {@link Volume#reopen}.
     *
     * @param progress hears which of {@link #STEPS} steps is done, the last one excepted, again and again if one takes long. If it throws before the repair is
     *     written, nothing is repaired
     * @param opened called when the other volume is open, while calls of this one still wait
     * @return the volume in the place of this one, which is closed
     * @throws HoldfastException if nothing was begun: {@code INVALID} if there is nothing to repair, {@code NO_SPACE} if the host is full; or if the volume could not be
     *     opened again: then this one has failed, and {@link Volume#reopen} may help later
     */
    Applied apply(Progress progress, Runnable opened) throws HoldfastException;

    /**
     * What became of a repair.
     *
     * @param volume the volume in the place of the old one
     * @param done what was repaired; it may differ from what was planned, if others have changed that meanwhile. It is not
     *     {@linkplain RepairPlan#isPossible possible} if nothing was left to repair
     * @param failure why nothing was repaired; empty if it was
     */
    record Applied(Volume volume, RepairPlan done, Optional<HoldfastException> failure) {}

    /** Forgets what was found. Repairs nothing. */
    @Override
    void close();
}
