package io.holdfast.sim;

import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.SealedBuffer;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.sim.disk.SimDevice;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.sim.schedule.Scheduler;
import io.holdfast.sim.workload.LostFiles;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.VolumeRepair;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/**
 * Repairs a volume that nobody has open, after somebody has overwritten a copy of the superblock, and undoes that now and then. The power fails in the midst of
 * it now and then. Whatever comes of it: what the volume must hold is the same.
 */
final class Repairer {
    private static final OpenOptions OPTIONS = OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY);

    private final Scenario scenario;
    private final Scheduler scheduler;
    private final Supplier<SimDevice> devices;
    private final LostFiles lost;
    private final VolumeOnDevice.Environment environment;
    private final SplittableRandom random;

    /** Whether the newest superblock may be that of a repair. */
    private boolean mayBeUndone;

    private boolean copyOverwritten;

    /** @param devices makes one on the medium as it is, without faults */
    Repairer(
            Scenario scenario,
            Scheduler scheduler,
            Supplier<SimDevice> devices,
            LostFiles lost,
            VolumeOnDevice.Environment environment) {
        this.scenario = scenario;
        this.scheduler = scheduler;
        this.devices = devices;
        this.lost = lost;
        this.environment = environment;
        this.random = scenario.random("repairer");
    }

    /** Returns whether it is time for a repair. */
    boolean isDue() {
        return scenario.repairs() && random.nextInt(3) > 0;
    }

    /** Returns whether a copy of the superblock may be bad still: opening alone writes no more than it needs. */
    boolean mayHaveLeftBadCopy(RecoveryReport opening) {
        copyOverwritten &= !opening.problems().isEmpty();
        return copyOverwritten;
    }

    /** Notes that the volume was opened for writing. */
    void opened() {
        mayBeUndone = false;
    }

    /**
     * Repairs, and undoes it.
     *
     * @return false if the power failed
     */
    boolean run(long blocks) throws HoldfastException {
        if (!mayBeUndone) {
            undoTooLate();
        }
        SimDevice device = devices.get();
        cutNowAndThen(device);
        try {
            overwriteCopy(device, blocks);
            mayBeUndone = true;
            boolean repaired = repair(device);
            if (repaired && !device.isCut() && random.nextBoolean()) {
                SimDevice again = devices.get();
                cutNowAndThen(again);
                device = again;
                VolumeOnDevice.undoRepair(again, environment);
            }
        } catch (HoldfastException e) {
            if (!device.isCut()) {
                throw e;
            }
        }
        return !device.isCut();
    }

    private void cutNowAndThen(SimDevice device) {
        if (random.nextInt(3) == 0) {
            scheduler.after(random.nextInt(5_000_000), device::cutPower);
        }
    }

    private void undoTooLate() {
        try {
            VolumeOnDevice.undoRepair(devices.get(), environment);
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.NOT_FOUND) {
                return;
            }
        }
        throw new ViolationException("a repair is undone although there was none, or the volume was written to since");
    }

    private void overwriteCopy(SimDevice device, long blocks) throws HoldfastException {
        Layout layout = new Layout(blocks, scenario.groupLog2());
        int copy = 1 + random.nextInt(layout.superblockCopies() - 1);
        long block = layout.superblock(copy, random.nextInt(Layout.SUPERBLOCK_SLOTS));
        copyOverwritten = true;
        try (BufferPool buffers = new BufferPool(1, 1)) {
            BlockBuffer buffer = buffers.take();
            buffer.copy(0, new byte[Block.SIZE]);
            SealedBuffer sealed = buffer.seal(1);
            try {
                device.write(block, sealed);
            } finally {
                sealed.release();
            }
        }
    }

    /** Returns false if nothing was repaired, and the power has not failed. */
    private boolean repair(SimDevice device) throws HoldfastException {
        try (VolumeRepair repair = VolumeOnDevice.repair(device, OPTIONS, environment)) {
            CheckReport report = repair.check(Progress.NONE);
            RepairPlan plan = repair.plan();
            boolean onlyCopies = report.problems().stream()
                    .allMatch(problem -> problem.structure().equals("superblock") || lost.explains(problem));
            if (device.isCut()) {
                return true;
            }
            if (onlyCopies && lost.mayTell() && !plan.isPossible()) {
                return false; // The log changes what is below a node that cannot be read.
            }
            if (!onlyCopies || !plan.isPossible() || (plan.mended() != plan.findings() && !lost.mayTell())) {
                throw new ViolationException("a repair of a copy of the superblock finds %s and would do %s"
                        .formatted(report.problems(), plan.repairs()));
            }
            repair.apply(Progress.NONE);
        }
        copyOverwritten = false;
        return true;
    }
}
