package io.holdfast.background;

import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.Jobs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The scheduler of a volume's background work. It runs nothing itself: each job has threads of its own, which ask before they
 * read or write.
 *
 * <p>Invariants: all jobs together have at most {@link #IN_FLIGHT_MAX} bytes under way, or one move that is larger. A job that
 * is paused is given nothing, unless somebody hurries it. When clients wait longer than they do without the jobs ({@link
 * ClientWatch}), each job that moved something becomes half as fast; else it becomes faster ({@link Pace}).
 *
 * <p>The lock is held for moments only, and nothing else is taken under it.
 */
public final class Background implements Jobs {
    /** So much in the device's queue delays a client's request by some milliseconds. */
    static final long IN_FLIGHT_MAX = 4L << 20;
    /** So often a job that waits shows its owner that it is alive, who may be gone. */
    static final long HEARTBEAT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Timing timing;
    private final ClientWaits waits;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Long, Job> jobs = new TreeMap<>();
    private final ClientWatch watch;
    private long lastId;
    private long inFlight;
    private boolean stopping;

    public Background(Timing timing) {
        this.timing = timing;
        this.waits = new ClientWaits(timing);
        this.watch = new ClientWatch(waits, timing.nanoTime());
    }

    /** Returns where the calls of clients are counted. */
    public ClientWaits clients() {
        return waits;
    }

    // ---- for the jobs ----

    /**
     * Begins a job. The caller closes it.
     *
     * @param subject what it is about, a few words
     * @param limit bytes per second that the job may move at most; 0 for no bound
     * @param heartbeat called by threads that wait for long, without a lock; what it throws ends the job. Null for none
     * @throws HoldfastException {@code IN_USE} if there is a job of this kind; {@code CLOSED} if the volume is being closed
     */
    public Job begin(JobKind kind, String subject, long limit, @Nullable Runnable heartbeat) throws HoldfastException {
        lock.lock();
        try {
            if (stopping) {
                throw closing();
            }
            for (Job other : jobs.values()) {
                if (other.kind() == kind) {
                    throw inUse(other.status(timing.nanoTime()));
                }
            }
            Job job = new Job(this, ++lastId, kind, subject, timing.nanoTime(), heartbeat);
            job.pace.setLimit(timing.nanoTime(), bound(limit));
            jobs.put(job.id, job);
            return job;
        } finally {
            lock.unlock();
        }
    }

    private static HoldfastException inUse(JobStatus other) {
        String percent = other.percent() < 0 ? "" : ", " + other.percent() + " % done";
        return new HoldfastException(
                ErrorCode.IN_USE,
                "a %s runs already (job %d, %s%s); wait for its end, or cancel it with 'holdfast jobs'"
                        .formatted(
                                other.kind().label(), other.id(), other.state().label(), percent));
    }

    private static HoldfastException closing() {
        return new HoldfastException(ErrorCode.CLOSED, "the volume is being closed");
    }

    void end(Job job) {
        lock.lock();
        try {
            jobs.remove(job.id);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until a job may move bytes, and counts them as under way. */
    Job.Move take(Job job, long bytes, boolean throughPauses) {
        Inject.at(Point.JOB_ASKS);
        boolean interrupted = false;
        try {
            while (true) {
                lock.lock();
                try {
                    if (mayTake(job, bytes, throughPauses)) {
                        return () -> giveBack(bytes);
                    }
                    interrupted |= pause(job);
                } finally {
                    lock.unlock();
                }
                Runnable heartbeat = job.heartbeat();
                if (heartbeat != null) {
                    heartbeat.run();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Returns false if the job must wait. */
    private boolean mayTake(Job job, long bytes, boolean throughPauses) {
        HoldfastException ended = job.ended;
        if (ended != null) {
            throw new JobCancelledException(ended);
        }
        if (isHeld(job)) {
            if (!throughPauses) {
                throw new JobPausedException();
            }
            return false;
        }
        long now = timing.nanoTime();
        adjust(now);
        boolean hurried = job.hurries > 0;
        boolean fits = inFlight == 0 || inFlight + bytes <= IN_FLIGHT_MAX;
        if (bytes > 0 && !hurried && (!fits || nanosToWait(job, now) > 0)) {
            return false;
        }
        if (bytes > 0) {
            inFlight += bytes;
            job.pace.take(now, bytes);
            job.movedBytes += bytes;
            job.movedInWindow += bytes;
            watch.moves(bytes);
        }
        return true;
    }

    private boolean isHeld(Job job) {
        return job.paused && job.hurries == 0;
    }

    private long nanosToWait(Job job, long now) {
        return Math.max(job.pace.nanosToWait(now), watch.nanosToStandStill(now));
    }

    /** Makes jobs slower or faster, if it is time for that. */
    private void adjust(long now) {
        long age = Math.max(1, watch.age(now));
        ClientWatch.Verdict verdict = watch.look(now);
        if (verdict == ClientWatch.Verdict.NONE) {
            if (watch.age(now) == 0) {
                jobs.values().forEach(job -> job.movedInWindow = 0);
            }
            return;
        }
        for (Job job : jobs.values()) {
            switch (verdict) {
                case QUIET -> job.pace.free(now);
                case UNNOTICED -> job.pace.faster(now, perSecond(job, age));
                case NOTICED -> {
                    if (job.movedInWindow > 0) {
                        job.pace.slower(now, perSecond(job, age));
                    }
                }
                case NONE -> {}
            }
            job.movedInWindow = 0;
        }
    }

    private static long perSecond(Job job, long age) {
        return (long) (job.movedInWindow * 1e9 / age);
    }

    /** Waits for a change, or for the time at which the job may go on; returns whether the thread was interrupted. */
    // The loop is in the caller.
    @SuppressWarnings("WaitNotInLoop")
    private boolean pause(Job job) {
        long now = timing.nanoTime();
        long wait = isHeld(job) ? Long.MAX_VALUE : nanosToWait(job, now);
        try {
            if (wait == Long.MAX_VALUE && job.heartbeat() == null) {
                changed.await();
            } else {
                // Without a time to wait for, something under way must end.
                timing.await(lock, changed, wait == 0 ? HEARTBEAT_NANOS : Math.min(wait, HEARTBEAT_NANOS));
            }
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    private void giveBack(long bytes) {
        if (bytes == 0) {
            return;
        }
        lock.lock();
        try {
            inFlight -= bytes;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    long bytesWithin(Job job, long nanos) {
        lock.lock();
        try {
            long rate = job.pace.rate();
            return rate == Pace.NO_BOUND ? Long.MAX_VALUE : (long) (rate * (nanos / 1e9));
        } finally {
            lock.unlock();
        }
    }

    void setIdle(Job job, boolean idle) {
        lock.lock();
        try {
            job.idle = idle;
        } finally {
            lock.unlock();
        }
    }

    Job.Move hurry(Job job) {
        change(job, true);
        return () -> change(job, false);
    }

    private void change(Job job, boolean hurried) {
        lock.lock();
        try {
            job.hurries += hurried ? 1 : -1;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean mayGoOn(Job job) {
        lock.lock();
        try {
            return !isHeld(job);
        } finally {
            lock.unlock();
        }
    }

    void stop(Job job) {
        lock.lock();
        try {
            job.ended = closing();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends all jobs soon that clients do not need, and lets none begin: the volume is about to be closed. Until it is, clients
     * go on and may need space.
     */
    public void stop() {
        lock.lock();
        try {
            stopping = true;
            jobs.values().stream().filter(job -> job.kind() != JobKind.REAP).forEach(job -> job.ended = closing());
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Lets jobs begin again: the volume was not closed after all. */
    public void admit() {
        lock.lock();
        try {
            stopping = false;
        } finally {
            lock.unlock();
        }
    }

    // ---- for people ----

    @Override
    public List<JobStatus> list() {
        lock.lock();
        try {
            List<JobStatus> list = new ArrayList<>();
            long now = timing.nanoTime();
            jobs.values().forEach(job -> list.add(job.status(now)));
            return list;
        } finally {
            lock.unlock();
        }
    }

    /** A change of a job. */
    private interface Change {
        void make(Job job) throws HoldfastException;
    }

    private void change(long id, Change change) throws HoldfastException {
        lock.lock();
        try {
            Job job = jobs.get(id);
            if (job == null) {
                throw Jobs.unknown(id);
            }
            change.make(job);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void pause(long id) throws HoldfastException {
        change(id, job -> job.paused = true);
        Inject.at(Point.JOB_PAUSED);
    }

    @Override
    public void resume(long id) throws HoldfastException {
        change(id, job -> job.paused = false);
    }

    @Override
    public void cancel(long id) throws HoldfastException {
        change(id, job -> {
            if (job.kind() == JobKind.REAP) {
                throw new HoldfastException(
                        ErrorCode.INVALID,
                        "job %d frees the space of removed files and cannot be cancelled; pause it".formatted(id));
            }
            job.ended = new HoldfastException(
                    ErrorCode.CANCELLED,
                    "the %s was cancelled (job %d)".formatted(job.kind().label(), id));
        });
    }

    @Override
    public void limit(long id, long bytesPerSecond) throws HoldfastException {
        long bound = bound(bytesPerSecond);
        change(id, job -> job.pace.setLimit(timing.nanoTime(), bound));
    }

    private static long bound(long bytesPerSecond) throws HoldfastException {
        if (bytesPerSecond < 0) {
            throw new HoldfastException(ErrorCode.INVALID, "a rate is at least 1 byte per second, or 0 for none");
        }
        return bytesPerSecond == 0 ? Pace.NO_BOUND : bytesPerSecond;
    }
}
