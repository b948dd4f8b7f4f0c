package io.holdfast.cli.fake;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobState;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.Jobs;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Jobs that do nothing. Thread-safe. */
public final class FakeJobs implements Jobs {
    private final List<JobStatus> jobs = new CopyOnWriteArrayList<>();

    /** A check that is half done. */
    public static final JobStatus CHECK = new JobStatus(
            7, JobKind.CHECK, "the volume", JobState.RUNNING, 50, 100, 3 << 20, 4 << 20, 0, 90_000_000_000L);

    public void add(JobStatus job) {
        jobs.add(job);
    }

    @Override
    public List<JobStatus> list() {
        return new ArrayList<>(jobs);
    }

    private JobStatus take(long id) throws HoldfastException {
        for (JobStatus job : jobs) {
            if (job.id() == id) {
                jobs.remove(job);
                return job;
            }
        }
        throw Jobs.unknown(id);
    }

    private void put(JobStatus job, JobState state, long rate, long limit) {
        jobs.add(new JobStatus(
                job.id(),
                job.kind(),
                job.subject(),
                state,
                job.doneBytes(),
                job.totalBytes(),
                job.movedBytes(),
                rate,
                limit,
                job.nanos()));
    }

    @Override
    public void pause(long id) throws HoldfastException {
        JobStatus job = take(id);
        put(job, JobState.PAUSED, job.rate(), job.limit());
    }

    @Override
    public void resume(long id) throws HoldfastException {
        JobStatus job = take(id);
        put(job, JobState.RUNNING, job.rate(), job.limit());
    }

    @Override
    public void cancel(long id) throws HoldfastException {
        take(id);
    }

    @Override
    public void limit(long id, long bytesPerSecond) throws HoldfastException {
        JobStatus job = take(id);
        put(job, job.state(), bytesPerSecond, bytesPerSecond);
    }
}
