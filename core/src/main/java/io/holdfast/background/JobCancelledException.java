package io.holdfast.background;

import io.holdfast.error.HoldfastException;

/**
 * Ends a job wherever it is, because it was cancelled or the volume is being closed. It is no {@link HoldfastException}, which on
 * the way out might be taken for an error of the device.
 */
public final class JobCancelledException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final HoldfastException why;

    JobCancelledException(HoldfastException why) {
        super(why.getMessage(), why, false, false);
        this.why = why;
    }

    /** Returns the error for who waits for the job. */
    public HoldfastException why() {
        return why;
    }
}
