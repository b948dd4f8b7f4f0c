package io.holdfast.engine;

import io.holdfast.background.Background;
import io.holdfast.background.Job;
import io.holdfast.background.JobCancelledException;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.concurrent.Threads;
import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.DiscardableSpace;
import io.holdfast.space.Run;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Gives free space back to what the volume lies on: in the background, group by group, where blocks have been free for a while; and
 * all of it at once for who asks.
 *
 * <p>Invariants: only blocks that are free are discarded, which no durable checkpoint, no record of the log and no reader needs. Nobody
 * gets a block whose discard is under way (guard {@code DISCARDED_IS_LEASED}). A volume that has failed discards nothing, and after {@link
 * #stop} nothing is under way: then another may use the device.
 */
final class Discarding {
    private static final System.Logger LOG = System.getLogger("holdfast");
    private static final String SUBJECT = "free space, given back";
    /** In the background shorter runs are left: each is a call of the system, and soon taken again. */
    private static final int SHORTEST = 8;
    /** Blocks that nobody gets at a time, and that other writers may wait for. */
    private static final int MOST = 2048;
    /** Calls of the system at a time: a disk may take milliseconds for each. */
    private static final int RUNS_MAX = 32;
    /** What a call counts against a job's rate, however long its range is: that makes no difference to the device. */
    private static final long CALL_BYTES = 64 << 10;
    /** Passes after which a checkpoint frees what was cut off. */
    private static final int CHECKPOINT_AFTER = 2;
    /** Passes that failed one after the other, for another reason than a full host, after which this gives up. */
    private static final int FAILURES_MAX = 16;
    /** How often a group is tried again that others needed. */
    private static final int ATTEMPTS_MAX = 64;

    private static final long ATTEMPT_NANOS = 1_000_000;

    private final VolumeState state;
    private final Background background;
    private final Timing timing;
    private final long pass;
    private final Runnable checkpoint;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wake = lock.newCondition();
    private boolean stopping;
    private @Nullable Thread thread;
    private volatile @Nullable Job standing;

    // Only the thread uses these.
    /** Passes since something was cut off that no checkpoint was asked for; 0 for nothing. */
    private int passesSince;

    private int failures;

    /** @param checkpoint asks for a checkpoint, and does not wait */
    Discarding(VolumeState state, Background background, VolumeOnDevice.Environment environment, Runnable checkpoint) {
        this.checkpoint = checkpoint;
        this.state = state;
        this.background = background;
        this.timing = environment.timing();
        this.pass = environment.discardPass();
    }

    /** Begins to discard in the background. */
    void start() {
        thread = Threads.start("holdfast-discard", this::run);
    }

    /** Ends it, and returns when nothing is under way any more. A {@link #trim} ends with the calls of the volume. */
    void stop() {
        lock.lock();
        try {
            stopping = true;
            wake.signalAll();
        } finally {
            lock.unlock();
        }
        Job known = standing;
        if (known != null) {
            known.stop();
        }
        Threads.join(thread);
    }

    private boolean isStopping() {
        lock.lock();
        try {
            return stopping;
        } finally {
            lock.unlock();
        }
    }

    // ---- in the background ----

    private void run() {
        boolean goesOn = true;
        while (goesOn) {
            try (Job job = background.beginLasting(JobKind.DISCARD, SUBJECT, null)) {
                standing = job;
                goesOn = !isStopping() && discardFreed(job);
            } catch (JobCancelledException | HoldfastException e) {
                // The volume is about to be closed, or it was and goes on after all.
                goesOn = awaitPass();
            } catch (RuntimeException | Error e) {
                state.latch().fail(e);
                throw e;
            } finally {
                standing = null;
            }
        }
    }

    /** Returns whether to go on when this has ended. */
    private boolean discardFreed(Job job) {
        DiscardableSpace space = state.space().discardable();
        job.setIdle(true);
        while (awaitPass()) {
            freeWhatWasCutOff();
            space.passFreed();
            int before = failures;
            long group = space.takeFreed(0);
            while (group >= 0 && failures <= before) {
                job.setIdle(false);
                if (!discardFreed(job, group)) {
                    return false;
                }
                group = space.takeFreed(group + 1);
            }
            if (group >= 0) {
                space.freedAgain(group);
            }
            job.setIdle(true);
        }
        return false;
    }

    /** Discards what is free in a group; if not all could be, the group comes again. Returns whether to go on. */
    private boolean discardFreed(Job job, long group) {
        boolean done = false;
        try {
            Given given = discard(job, group, SHORTEST);
            done = given.rest == DiscardableSpace.Rest.NONE;
            failures = 0;
            return true;
        } catch (CannotDiscardException e) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "{0}: free space is not given back: {1}",
                    state.device().name(),
                    e.getMessage());
            return false;
        } catch (HoldfastException e) {
            return failed(e);
        } finally {
            if (!done) {
                state.space().discardable().freedAgain(group);
            }
        }
    }

    /** Punching a hole may need room, too. Says so once, and returns whether to go on. */
    private boolean failed(HoldfastException e) {
        boolean full = e.code() == ErrorCode.HOST_FULL;
        failures++;
        boolean goesOn = !state.latch().failed() && (full || failures < FAILURES_MAX);
        if (!state.latch().failed() && (failures == 1 || !goesOn)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    goesOn
                            ? "{0}: free space could not be given back, and is tried again: {1}"
                            : "{0}: free space is not given back any more until the volume is opened again: {1}",
                    state.device().name(),
                    e.getMessage());
        }
        return goesOn;
    }

    /**
     * Has a checkpoint free what was punched, cut off or removed some passes ago: while little is written, none would come for long. It is one
     * for all that was cut off meanwhile. On a full host it would wait, with all that comes after it.
     */
    private void freeWhatWasCutOff() {
        boolean any = state.space().discardable().takeCutOff();
        passesSince = passesSince == 0 && !any ? 0 : passesSince + 1;
        if (passesSince >= CHECKPOINT_AFTER && !state.room().isMissing()) {
            passesSince = 0;
            checkpoint.run();
        }
    }

    /** Waits for the time of a pass; returns false if there is to be none any more. */
    private boolean awaitPass() {
        return await(pass);
    }

    private boolean await(long nanos) {
        boolean interrupted = false;
        lock.lock();
        try {
            long end = timing.nanoTime() + nanos;
            while (!stopping && !state.latch().failed()) {
                long left = end - timing.nanoTime();
                if (left <= 0) {
                    return true;
                }
                try {
                    timing.await(lock, wake, left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return false;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // ---- all at once ----

    /** What is done before a trim, so that as much as possible is free. */
    interface Before {
        /** Does it; asks the job now and then whether to go on. */
        void run(Job job) throws HoldfastException;
    }

    /** Does as {@link Volume#trim}, of what is free when {@code before} has run. */
    long trim(Before before, Progress progress) throws HoldfastException {
        long groups = state.layout().groups();
        long blocks = state.layout().blocks();
        Heard heard = new Heard(progress, blocks);
        long sum = 0;
        try (Job job = background.begin(JobKind.TRIM, "all free space, given back", 0, heard::again)) {
            heard.update(0);
            before.run(job);
            for (long group = 0; group < groups; group++) {
                sum += discardPatiently(job, group);
                long done = Math.min(state.layout().groupEnd(group), blocks);
                job.progress(done * Block.SIZE, blocks * Block.SIZE);
                heard.update(done);
            }
            return sum * Block.SIZE;
        } catch (CannotDiscardException e) {
            throw new HoldfastException(ErrorCode.UNSUPPORTED, state.device().name() + ": " + e.getMessage());
        } catch (JobCancelledException e) {
            throw e.why();
        }
    }

    /** Passes on how far a trim is; again and again while the trim waits, since whoever asked for it may be gone. */
    private static final class Heard {
        private final Progress progress;
        private final long total;
        private long done;

        Heard(Progress progress, long total) {
            this.progress = progress;
            this.total = total;
        }

        void update(long blocks) {
            done = blocks;
            again();
        }

        void again() {
            progress.update(done, total);
        }
    }

    /** Tries a group again for a while that others need; returns how many blocks were discarded. */
    private long discardPatiently(Job job, long group) throws HoldfastException {
        long sum = 0;
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            job.awaitTurn();
            Given given = discard(job, group, 1);
            sum += given.blocks;
            if (given.rest != DiscardableSpace.Rest.SOON || !await(ATTEMPT_NANOS)) {
                break;
            }
        }
        return sum;
    }

    // ---- one group ----

    /**
     * What was discarded of a group.
     *
     * @param rest what there is besides
     */
    private record Given(long blocks, DiscardableSpace.Rest rest) {}

    /** Neither the device nor what it lies on takes room back. */
    private static final class CannotDiscardException extends HoldfastException {
        private static final long serialVersionUID = 1;

        CannotDiscardException() {
            super(
                    ErrorCode.UNSUPPORTED,
                    "neither the device nor what it lies on can take it, or not in this way of input and output (see --io)");
        }
    }

    /** Discards the free blocks of a group, a bounded number at a time. */
    private Given discard(Job job, long group, int shortest) throws HoldfastException {
        DiscardableSpace space = state.space().discardable();
        long sum = 0;
        int next = 0;
        long cost = CALL_BYTES;
        while (true) {
            // As much as was moved last: in the long run as much as is discarded.
            try (Job.Move _ = job.move(cost)) {
                DiscardableSpace.Discardable piece = space.takeForDiscard(group, next, shortest, MOST, RUNS_MAX);
                if (piece.runs().isEmpty()) {
                    return new Given(sum, piece.rest());
                }
                try {
                    Inject.at(Point.DISCARD_TAKEN);
                    for (Run run : piece.runs()) {
                        state.latch().check();
                        if (isStopping()) {
                            return new Given(sum, DiscardableSpace.Rest.SOON);
                        }
                        if (!state.device().discard(run.start(), run.length())) {
                            throw new CannotDiscardException();
                        }
                        sum += run.length();
                    }
                } finally {
                    space.discarded(piece.runs());
                }
                cost = piece.runs().size() * CALL_BYTES;
                next = piece.next();
            }
        }
    }
}
