package io.holdfast.sim.workload;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import java.util.SplittableRandom;

/**
 * Makes holes at random places of a thin file that is much larger than the volume, while clients use that. Each is a change of its own and takes no space, so there are soon
 * more than the memory for changes has room for.
 */
public final class Flooder implements Runnable {
    private static final String PATH = "/flood";
    private static final long FILE_BYTES = 1L << 40;
    private static final int HOLES = 40_000;

    private final World world;
    private final SplittableRandom random;
    private boolean done;

    public Flooder(World world) {
        this.world = world;
        this.random = world.scenario.random("flooder");
    }

    /** Returns whether it is to run in the phase that begins: in one of them. */
    public boolean isDue() {
        boolean due = world.scenario.floods() && !done;
        done = true;
        return due;
    }

    @Override
    public void run() {
        try (StoredFile file = file()) {
            for (int i = 0; i < HOLES; i++) {
                file.punch(random.nextLong(FILE_BYTES / Block.SIZE) * Block.SIZE, Block.SIZE);
                world.progress();
            }
        } catch (HoldfastException e) {
            world.expect(e, false, "the flooder");
        }
    }

    private StoredFile file() throws HoldfastException {
        try {
            return world.volume().create(PATH, CreateOptions.file().withSize(FILE_BYTES));
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.EXISTS) {
                throw e;
            }
            return world.volume().open(PATH);
        }
    }
}
