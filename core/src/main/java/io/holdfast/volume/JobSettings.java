package io.holdfast.volume;

/**
 * What somebody has set of a job.
 *
 * @param paused whether it stands still
 * @param limit bytes per second that it may move at most; 0 for no bound
 */
public record JobSettings(boolean paused, long limit) {
    public static final JobSettings NONE = new JobSettings(false, 0);
}
