package io.holdfast.log;

import io.holdfast.format.LogPosition;

/** What a checkpoint does while nothing changes. */
public interface Freeze {
    /**
     * Sets aside what has changed.
     *
     * @param position from which on the log is not in the checkpoint
     */
    void freeze(LogPosition position);
}
