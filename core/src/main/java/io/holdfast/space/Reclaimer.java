package io.holdfast.space;

import io.holdfast.error.HoldfastException;

/** Turns dead blocks into free ones. */
public interface Reclaimer {
    /** Frees nothing. */
    Reclaimer NONE = () -> false;

    /**
     * Writes a checkpoint and waits for it.
     *
     * @return whether another call may free more
     */
    boolean reclaim() throws HoldfastException;
}
