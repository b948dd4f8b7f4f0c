package io.holdfast.sim;

import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.sim.schedule.Scheduler;
import io.holdfast.sim.workload.LostFiles;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.LiveRepair;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Repairs the volume beside its clients: they go on after its check, until the end of the phase, and it must find what they changed. Up to the check, checkpoints forget
 * blocks that leave the trees.
 */
final class LiveRepairer {
    private static final int DELAY_NANOS_MAX = 20_000_000;

    private final Scenario scenario;
    private final Supplier<Volume> volume;
    private final Scheduler scheduler;
    private final Points points;
    private final LostFiles lost;
    private final SplittableRandom random;
    private @Nullable LiveRepair begun;

    /** @param volume the one that is open */
    LiveRepairer(Scenario scenario, Supplier<Volume> volume, Scheduler scheduler, Points points, LostFiles lost) {
        this.scenario = scenario;
        this.volume = volume;
        this.scheduler = scheduler;
        this.points = points;
        this.lost = lost;
        this.random = scenario.random("live repairer");
    }

    /** Returns whether it is time for a repair in the next phase. From here on checkpoints forget blocks. */
    boolean isDue() {
        boolean due = scenario.repairsBeside() && random.nextInt(3) > 0;
        points.setForgetful(due);
        return due;
    }

    /** Checks beside the clients. */
    void check() {
        scheduler.sleep(random.nextInt(DELAY_NANOS_MAX));
        points.setForgetful(false);
        try {
            LiveRepair repair = volume.get().beginRepair();
            begun = repair;
            requireLeaksOnly(repair.check(Progress.NONE));
        } catch (HoldfastException e) {
            throw new ViolationException("a repair beside clients could not check: " + e.getMessage());
        }
    }

    private void requireLeaksOnly(CheckReport report) {
        for (CheckReport.Problem problem : report.problems()) {
            boolean isLeak = problem.message().contains("nothing points there")
                    || problem.message().contains("nothing that could be read points to them");
            if (!isLeak && !lost.explains(problem)) {
                throw new ViolationException("where blocks were forgotten the check found " + problem);
            }
        }
    }

    boolean hasBegun() {
        return begun != null;
    }

    /** Repairs, while no client runs. Returns the volume in the place of the old one; null if nothing was to be repaired. */
    @Nullable
    Volume repair() throws HoldfastException {
        LiveRepair repair = begun;
        begun = null;
        if (repair == null) {
            return null;
        }
        try (repair) {
            if (!repair.plan().isPossible()) {
                lost.repaired(repair.plan());
                return null;
            }
            LiveRepair.Applied applied = repair.apply(Progress.NONE, () -> {});
            if (applied.failure().isPresent()) {
                throw new ViolationException(
                        "a repair beside clients failed: " + applied.failure().get());
            }
            lost.repaired(applied.done());
            return applied.volume();
        }
    }
}
