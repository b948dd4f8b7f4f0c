package io.holdfast.background;

/**
 * Ends a part of a job, because the job is paused and the part holds what nobody may keep so long. The job waits until it is
 * resumed ({@link Job#awaitTurn}), and does the part again.
 */
public final class JobPausedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    JobPausedException() {
        super("paused", null, false, false);
    }
}
