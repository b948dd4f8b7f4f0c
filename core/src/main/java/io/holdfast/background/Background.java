package io.holdfast.background;

import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobSettings;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.Jobs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    /** Somebody said something about jobs, or the time has come for one. */
    private final Condition changed = lock.newCondition();
    /** Something that was under way has ended. */
    private final Condition moved = lock.newCondition();

    private final Map<Long, Job> jobs = new TreeMap<>();
    private final ClientWatch watch;
    private volatile KeptSettings kept = KeptSettings.NOWHERE;
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

    /** Says where it is kept what was set of lasting jobs. Called before any of them begins. */
    public void keepSettings(KeptSettings keeper) {
        kept = keeper;
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
        return begin(kind, subject, new JobSettings(false, limit), false, heartbeat);
    }

    /** Begins a job with what was set of the last one of its kind that was lasting. What is set of this one is kept. */
    public Job beginLasting(JobKind kind, String subject, @Nullable Runnable heartbeat) throws HoldfastException {
        return begin(kind, subject, kept.of(kind), true, heartbeat);
    }

    private Job begin(JobKind kind, String subject, JobSettings settings, boolean lasting, @Nullable Runnable heartbeat)
            throws HoldfastException {
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
            Job job = new Job(this, ++lastId, kind, subject, timing.nanoTime(), heartbeat, lock.newCondition());
            job.pace.setLimit(timing.nanoTime(), bound(settings.limit()));
            job.paused = settings.paused();
            job.lasting = lasting;
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
            wakeAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until a job may move bytes, and counts them as under way. Who does not wait through pauses keeps something from others, so its
     * moves go before those of the job's other threads.
     */
    Job.Move take(Job job, long bytes, boolean throughPauses) {
        Inject.at(Point.JOB_ASKS);
        boolean interrupted = false;
        boolean ahead = false;
        try {
            while (true) {
                lock.lock();
                try {
                    if (mayTake(job, bytes, throughPauses)) {
                        return () -> giveBack(bytes);
                    }
                    if (!throughPauses && !ahead) {
                        ahead = true;
                        job.ahead++;
                    }
                    interrupted |= pause(job, ahead);
                } finally {
                    lock.unlock();
                }
                Runnable heartbeat = job.heartbeat();
                if (heartbeat != null) {
                    heartbeat.run();
                }
            }
        } finally {
            leaveQueue(job, ahead);
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
        boolean letsOthersPass = throughPauses && job.ahead > 0;
        if (bytes > 0 && !hurried && (!fits || letsOthersPass || nanosToWait(job, now) > 0)) {
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
    private boolean pause(Job job, boolean ahead) {
        long now = timing.nanoTime();
        long wait = isHeld(job) ? Long.MAX_VALUE : nanosToWait(job, now);
        try {
            if (wait == Long.MAX_VALUE && job.heartbeat() == null) {
                changed.await();
            } else if (!ahead && job.ahead > 0) {
                timing.await(lock, job.turn, HEARTBEAT_NANOS);
            } else if (wait == 0) {
                // Without a time to wait for, something under way must end.
                timing.await(lock, moved, HEARTBEAT_NANOS);
            } else if (wait == Long.MAX_VALUE || ahead || isFirst(job)) {
                timing.await(lock, changed, Math.min(wait, HEARTBEAT_NANOS));
            } else {
                timing.await(lock, job.turn, HEARTBEAT_NANOS);
            }
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    /** Of a job's threads one waits for its time, and wakes the next one: the others would all wake up with it, for nothing. */
    private static boolean isFirst(Job job) {
        if (job.first == null) {
            job.first = Thread.currentThread();
        }
        return Thread.currentThread().equals(job.first);
    }

    private void leaveQueue(Job job, boolean ahead) {
        lock.lock();
        try {
            if (Thread.currentThread().equals(job.first)) {
                job.first = null;
            }
            if (ahead) {
                job.ahead--;
            }
            if (job.first == null && job.ahead == 0) {
                job.turn.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    private void wakeAll() {
        changed.signalAll();
        moved.signalAll();
        jobs.values().forEach(job -> job.turn.signalAll());
    }

    private void giveBack(long bytes) {
        if (bytes == 0) {
            return;
        }
        lock.lock();
        try {
            inFlight -= bytes;
            moved.signalAll();
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
            wakeAll();
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
            wakeAll();
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
            wakeAll();
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
        Job job;
        lock.lock();
        try {
            job = jobs.get(id);
            if (job == null) {
                throw Jobs.unknown(id);
            }
            change.make(job);
            wakeAll();
        } finally {
            lock.unlock();
        }
        if (job.lasting && lastingSettings(job).isPresent()) {
            kept.keep(job.kind(), () -> lastingSettings(job));
        }
    }

    /** Returns what is set of a job; empty if it has ended or is about to, which forgets it. */
    private Optional<JobSettings> lastingSettings(Job job) {
        lock.lock();
        try {
            return job.ended == null && jobs.containsKey(job.id) ? Optional.of(job.settings()) : Optional.empty();
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
            if (job.kind().isStanding()) {
                throw new HoldfastException(
                        ErrorCode.INVALID,
                        "job %d (%s) goes on as long as the volume is open and cannot be cancelled; pause it"
                                .formatted(id, job.kind().label()));
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
