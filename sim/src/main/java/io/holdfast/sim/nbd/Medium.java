package io.holdfast.sim.nbd;

import io.holdfast.concurrent.Timing;

/** What decides how the bytes of a connection move. */
public interface Medium extends Timing {
    /** Other threads may come between here. */
    void pause();

    /** Returns how many bytes move at once, from 1 to {@code max}. */
    int some(int max);

    /** Returns whether a connection breaks whose end is closed while it has bytes that nobody has read. */
    boolean resets();
}
