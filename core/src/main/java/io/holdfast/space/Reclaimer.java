package io.holdfast.space;

import io.holdfast.error.HoldfastException;

/** Turns dead blocks into free ones. */
public interface Reclaimer {
    /** Frees nothing. */
    Reclaimer NONE = () -> false;

    /**
     * Writes a checkpoint and waits for it.
     *
     * @return whether more may come free by calling it again
     */
    boolean reclaim() throws HoldfastException;
}
