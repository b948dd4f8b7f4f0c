package io.holdfast.sim.workload;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Progress;
import java.util.SplittableRandom;

/** Has all free space discarded now and then, while clients use the volume. */
public final class Trimmer implements Runnable {
    private static final int TIMES_MAX = 4;
    private static final long DELAY_NANOS_MAX = 8_000_000;

    private final World world;
    private final SplittableRandom random;

    public Trimmer(World world) {
        this.world = world;
        this.random = world.scenario.random("trimmer");
    }

    @Override
    public void run() {
        for (int i = random.nextInt(TIMES_MAX); i > 0; i--) {
            world.scheduler.sleep(random.nextLong(DELAY_NANOS_MAX));
            try {
                world.log("trim", "");
                long bytes = world.volume().trim(Progress.NONE);
                world.log("trimmed", bytes + " bytes");
            } catch (HoldfastException e) {
                boolean ended = e.code() == ErrorCode.CLOSED || e.code() == ErrorCode.CANCELLED;
                if (!ended) {
                    world.expect(e, false, "the trimmer");
                }
            }
        }
    }
}
