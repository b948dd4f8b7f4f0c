package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Files that nobody else uses, each with a leaf of its map that cannot be read for a while, so that a checkpoint loses it. Some leaves can be read again later; below
 * others all is written again, and then a repair gives them up. Whatever a repair does, what was written must be there as soon as nothing hides it.
 */
public final class LostFiles {
    private static final int FILES = 2;
    private static final int DELAY_NANOS_MAX = 10_000_000;

    private final World world;
    private final SplittableRandom random;
    private final List<LostFile> files = new ArrayList<>();

    /** Whether a check may find something of these files. */
    private boolean tells;
    /** Whether a repair of the phase that runs must mend all, since nothing was hidden when it began. */
    private boolean settled;

    LostFiles(World world) {
        this.world = world;
        this.random = world.scenario.random("lost files");
    }

    /** Makes the files, if the scenario has such. */
    public void furnish() throws HoldfastException {
        for (int i = 0; world.scenario.losesNodes() && i < FILES; i++) {
            LostFile file = new LostFile("/lost" + i, random.nextBoolean());
            file.create(world.volume());
            files.add(file);
        }
    }

    /** Begins a phase. Returns whether {@link #beside} is to run in it. */
    public boolean isDue() {
        settled = files.stream().noneMatch(LostFile::isHidden);
        return !files.isEmpty() && random.nextInt(3) > 0;
    }

    /** Writes to a file beside the clients. */
    public void beside() {
        world.scheduler.sleep(random.nextInt(DELAY_NANOS_MAX));
        LostFile file = files.get(random.nextInt(FILES));
        if (world.isOver()) {
            return;
        }
        try {
            boolean all = random.nextInt(3) > 0;
            world.log("rewrite", (all ? "all" : "some") + " of the lost file " + file.inode());
            file.rewrite(world.volume(), all, random);
        } catch (HoldfastException e) {
            world.expect(e, false, "a write to a file with a lost node");
        }
    }

    /** Compares everything, while nobody uses the volume. */
    public void verify(boolean crashed) throws HoldfastException {
        for (LostFile file : files) {
            file.verify(world, crashed);
        }
    }

    /**
     * Takes a node away, or gives it back, while nobody uses the volume.
     *
     * @return whether it did; then the volume must be opened again before anybody uses it
     */
    public boolean change() throws HoldfastException {
        if (files.isEmpty()) {
            return false;
        }
        Volume volume = world.volume();
        volume.sync();
        volume.checkpoint();
        files.forEach(LostFile::checkpointed);
        LostFile file = files.get(random.nextInt(FILES));
        int choice = random.nextInt(4);
        if (!file.isHidden() && choice > 0) {
            world.log("hide", "a node of the file " + file.inode());
            file.hide(world);
            tells = true;
            return true;
        }
        if (file.isHidden() && choice == 0) {
            world.log("reveal", "the node of the file " + file.inode());
            file.reveal(world);
            return true;
        }
        return false;
    }

    /** Returns whether what these files have lost makes a check say this. */
    public boolean explains(CheckReport.Problem problem) {
        return tells
                && (files.stream().anyMatch(file -> file.explains(problem))
                        || problem.message().contains("nothing points there")
                        || problem.message().contains("nothing that could be read points to them"));
    }

    /** Returns whether opening the volume may report damage. */
    public boolean mayTell() {
        return tells;
    }

    /** A check has found nothing. */
    void seenClean() {
        tells &= files.stream().anyMatch(LostFile::isHidden);
    }

    /** Compares what a repair beside the clients has done with what it must do. */
    public void repaired(RepairPlan done) {
        if (!tells) {
            return;
        }
        boolean gaveUp = done.repairs().stream()
                .anyMatch(repair -> repair.what().contains("the node and what was below come free"));
        world.log(gaveUp ? "gave up" : "kept", "nodes that were lost");
        if (settled) {
            if (done.mended() != done.findings()) {
                throw new ViolationException("nothing is hidden, and a repair leaves " + done.left());
            }
            tells = false;
        } else if (gaveUp && files.stream().anyMatch(LostFile::isMissing)) {
            throw new ViolationException("lost nodes were given up while something is hidden: " + done.repairs());
        }
    }
}
