package io.holdfast.background;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobSettings;
import io.holdfast.volume.JobState;
import io.holdfast.volume.JobStatus;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * One piece of background work. Its threads ask here before they read or write, and are kept waiting while the job is paused,
 * too fast, or in the way of clients. Thread-safe. {@link Background#begin} makes it; closing it takes it off the list.
 */
public final class Job implements AutoCloseable {
    private final Background background;
    private final JobKind kind;
    private final String subject;
    private final @Nullable Runnable heartbeat;
    private final long began;

    // Guarded by the lock of Background.
    final long id;
    final Pace pace;
    boolean paused;
    /** Whether what is set of it outlasts the mount. Set once, before the job is known. */
    boolean lasting;

    /** Why the job is to end; null if it may go on. */
    @Nullable
    HoldfastException ended;

    /** The thread that waits for the time at which the job may move; null if none does. */
    @Nullable
    Thread first;

    /** Threads that wait and go before all others. */
    int ahead;

    /** The first one has left, and nobody goes before the others. */
    final Condition turn;

    boolean idle;
    int hurries;
    long movedBytes;
    long movedInWindow;

    private volatile long doneBytes;
    private volatile long totalBytes;

    Job(
            Background background,
            long id,
            JobKind kind,
            String subject,
            long now,
            @Nullable Runnable heartbeat,
            Condition turn) {
        this.turn = turn;
        this.background = background;
        this.id = id;
        this.kind = kind;
        this.subject = subject;
        this.began = now;
        this.heartbeat = heartbeat;
        this.pace = new Pace(now);
    }

    JobKind kind() {
        return kind;
    }

    @Nullable
    Runnable heartbeat() {
        return heartbeat;
    }

    /** What a job has under way, from the permission to move bytes until this is closed. */
    public interface Move extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Waits until the job may read or write so many bytes. While it is paused, waits until it is resumed. The caller holds
     * nothing that clients or checkpoints wait for.
     *
     * @throws JobCancelledException if the job is to end
     */
    public Move move(long bytes) {
        return background.take(this, bytes, true);
    }

    /**
     * Waits as {@link #move}, but not for the end of a pause.
     *
     * @throws JobPausedException if the job is paused
     * @throws JobCancelledException if the job is to end
     */
    public Move moveUnlessPaused(long bytes) {
        return background.take(this, bytes, false);
    }

    /**
     * Waits while the job is paused.
     *
     * @throws JobCancelledException if the job is to end
     */
    public void awaitTurn() {
        background.take(this, 0, true).close();
    }

    /** Returns how many bytes the job may move in so many nanoseconds, at its present rate. */
    public long bytesWithin(long nanos) {
        return background.bytesWithin(this, nanos);
    }

    /** Says how far the job is. */
    public void progress(long done, long total) {
        doneBytes = done;
        totalBytes = total;
    }

    /** Says whether the job has nothing to do at present. */
    public void setIdle(boolean nothingToDo) {
        background.setIdle(this, nothingToDo);
    }

    /** Lets the job go on, paused or not, as fast as it can, until the result is closed: somebody waits for what it does. */
    public Move hurry() {
        return background.hurry(this);
    }

    /** Ends the job soon, since the volume is being closed. */
    public void stop() {
        background.stop(this);
    }

    /** Returns whether the job goes on: it is not paused, or somebody waits for it. */
    public boolean mayGoOn() {
        return background.mayGoOn(this);
    }

    /** Returns what somebody has set. */
    JobSettings settings() {
        return new JobSettings(paused, bound(pace.limit()));
    }

    JobStatus status(long now) {
        JobState state = paused ? JobState.PAUSED : idle ? JobState.WAITING : JobState.RUNNING;
        return new JobStatus(
                id,
                kind,
                subject,
                state,
                doneBytes,
                totalBytes,
                movedBytes,
                bound(pace.rate()),
                bound(pace.limit()),
                now - began);
    }

    private static long bound(long rate) {
        return rate == Pace.NO_BOUND ? 0 : rate;
    }

    @Override
    public void close() {
        background.end(this);
    }
}
