package io.holdfast.sim.workload;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.Jobs;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Pauses, resumes, slows and cancels background work while clients use the volume. It leaves no check and no trim paused, since somebody waits
 * for these; the reaper and the discarding it may leave as they are, so that the volume is also closed, and crashes, while these are.
 */
public final class JobMeddler implements Runnable {
    private static final int TIMES_MAX = 12;
    private static final long DELAY_NANOS_MAX = 4_000_000;
    private static final long[] LIMITS = {1, 1 << 16, 1 << 20, 0};

    private final World world;
    private final SplittableRandom random;

    public JobMeddler(World world) {
        this.world = world;
        this.random = world.scenario.random("jobs");
    }

    @Override
    public void run() {
        Jobs jobs = world.volume().jobs();
        try {
            for (int i = 1 + random.nextInt(TIMES_MAX); i > 0; i--) {
                world.scheduler.sleep(random.nextLong(DELAY_NANOS_MAX));
                List<JobStatus> all = jobs.list();
                if (!all.isEmpty()) {
                    meddle(jobs, all.get(random.nextInt(all.size())));
                }
            }
            boolean resumesAll = random.nextBoolean();
            for (JobStatus job : jobs.list()) {
                if (resumesAll || !job.kind().isStanding()) {
                    change(job, "resume", () -> jobs.resume(job.id()));
                    change(job, "no limit for", () -> jobs.limit(job.id(), 0));
                }
            }
        } catch (HoldfastException e) {
            world.expect(e, false, "the meddler");
        }
    }

    private void meddle(Jobs jobs, JobStatus job) throws HoldfastException {
        switch (random.nextInt(7)) {
            case 0, 1, 2 -> change(job, "pause", () -> jobs.pause(job.id()));
            case 3, 4 -> change(job, "resume", () -> jobs.resume(job.id()));
            case 5 -> {
                long limit = LIMITS[random.nextInt(LIMITS.length)];
                change(job, "limit", () -> jobs.limit(job.id(), limit));
            }
            default -> {
                if (!job.kind().isStanding()) {
                    change(job, "cancel", () -> jobs.cancel(job.id()));
                }
            }
        }
    }

    private interface Change {
        void make() throws HoldfastException;
    }

    private void change(JobStatus job, String what, Change change) throws HoldfastException {
        world.log("job", what + " " + job.kind().label() + " " + job.id());
        try {
            change.make();
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.NOT_FOUND) {
                throw e;
            }
            // It has ended.
        }
    }
}
