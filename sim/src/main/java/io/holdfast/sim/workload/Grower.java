package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.volume.VolumeGrowth;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * Makes the volume larger while clients use it, on a device that grows as a file does or on one that somebody else makes
 * larger. Now and then the power fails meanwhile.
 *
 * <p>Invariant: {@code possible} has every size that the volume may have now, in blocks. A size that a call has returned
 * is the only one.
 */
public final class Grower implements Runnable {
    private static final int TIMES_MAX = 5;
    private static final long DELAY_NANOS_MAX = 3_000_000;
    private static final long CUT_NANOS_MAX = 2_000_000;
    /** Groups whose descriptors share a block: one more of them and the table has another level. */
    private static final int GROUPS_OF_A_LEVEL = 128;

    private final World world;
    private final SplittableRandom random;
    private final TreeSet<Long> possible = new TreeSet<>();
    private final boolean onBlockDevice;
    private int left;
    private long delay;
    private long cutAfter;
    private boolean cutsBetween;

    public Grower(World world) {
        this.world = world;
        this.random = world.scenario.random("grower");
        this.left = world.scenario.volumeGrows() ? 1 + random.nextInt(TIMES_MAX) : 0;
        this.onBlockDevice = random.nextBoolean();
        possible.add((long) world.scenario.volumeBlocks());
    }

    /** Decides whether the volume is to grow in the phase that begins. Then the caller starts this in a thread. */
    public boolean isDue() {
        if (left == 0 || random.nextInt(3) == 0) {
            return false;
        }
        left--;
        delay = random.nextLong(DELAY_NANOS_MAX);
        boolean cuts = world.scenario.crashEvery() > 0 && random.nextInt(3) > 0;
        cutsBetween = cuts && random.nextBoolean();
        cutAfter = cuts && !cutsBetween ? random.nextLong(CUT_NANOS_MAX) : -1;
        return true;
    }

    /** Returns whether the power is to fail some time after the call. Then the phase must not end with power. */
    public boolean cutsPower() {
        return cutAfter >= 0;
    }

    /** Returns whether the power is to fail when the new groups are known and no superblock says so. */
    public boolean cutsPowerBetween() {
        return cutsBetween;
    }

    @Override
    public void run() {
        world.scheduler.sleep(delay);
        if (world.isOver()) {
            return;
        }
        if (cutAfter >= 0) {
            world.scheduler.after(cutAfter, world.device()::cutPower);
        }
        try {
            grow();
        } catch (HoldfastException e) {
            world.expect(e, false, "grower");
        }
        world.progress();
    }

    private void grow() throws HoldfastException {
        long before = possible.getLast();
        long blocks = before + more(before);
        possible.add(blocks);
        world.log("grow", "to " + blocks + " blocks");
        VolumeGrowth growth;
        if (onBlockDevice) {
            world.disk.extend(blocks);
            growth = world.volume().grow(0);
        } else {
            growth = world.volume().grow(blocks * Block.SIZE);
        }
        if (growth.after() != blocks * Block.SIZE) {
            throw new ViolationException("the volume was to get %d blocks, and has %s".formatted(blocks, growth));
        }
        possible.clear();
        possible.add(blocks);
        world.log("grown", "to " + blocks + " blocks");
    }

    /** Returns how many blocks come on top: some, the rest of a group, so many groups that a copy is added, or a level. */
    private long more(long before) {
        long group = 1L << world.scenario.groupLog2();
        return switch (random.nextInt(8)) {
            case 0 -> 1 + random.nextLong(group);
            case 1 -> group - before % group;
            case 2, 3 -> 1 + random.nextLong(8 * Math.min(group, 512));
            case 4 -> GROUPS_OF_A_LEVEL * Math.min(group, 512) + random.nextLong(group);
            default -> 1 + random.nextLong(300);
        };
    }

    /** Compares the size of a volume that was opened again. */
    public void opened() {
        long blocks = world.volume().info().size() / Block.SIZE;
        if (!possible.contains(blocks) && !world.disk.everDamaged() && !world.mayHaveLostDurable()) {
            throw new ViolationException("the volume has %d blocks, possible are %s".formatted(blocks, possible));
        }
        possible.clear();
        possible.add(blocks);
    }
}
