package io.holdfast.engine;

import io.holdfast.check.VolumeCheck;
import io.holdfast.device.Device;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.repair.Repair;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeRepair;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Repairs a volume. It is open read-only while it is checked; then it is closed, and the checkpoint of the repair is written on the same
 * device. Nobody else has the device in between.
 */
final class VolumeRepairing implements VolumeRepair {
    private final Device device;
    private final DeviceGuard guard;
    private final OpenOptions options;
    private final VolumeOnDevice.Environment environment;
    private final StoredVolume volume;
    /** Where the check's sets of blocks lie. */
    private final Arena memory = Arena.ofShared();

    private @Nullable VolumeCheck check;
    private @Nullable Repair repair;
    private boolean ended;
    private final AtomicBoolean closed = new AtomicBoolean();

    private VolumeRepairing(
            Device device,
            DeviceGuard guard,
            OpenOptions options,
            VolumeOnDevice.Environment environment,
            StoredVolume volume) {
        this.device = device;
        this.guard = guard;
        this.options = options;
        this.environment = environment;
        this.volume = volume;
    }

    /** Opens a volume to repair it. The device is closed when the repair is, and also if this fails. */
    static VolumeRepairing open(
            Device device, DeviceGuard guard, OpenOptions options, VolumeOnDevice.Environment environment)
            throws HoldfastException {
        boolean done = false;
        try {
            StoredVolume volume =
                    VolumeOpening.open(new KeptOpen(device), DeviceGuard.NONE, options.asReadOnly(), environment);
            VolumeRepairing repairing = new VolumeRepairing(device, guard, options, environment, volume);
            done = true;
            return repairing;
        } finally {
            if (!done) {
                device.close();
            }
        }
    }

    @Override
    public Volume volume() {
        return volume;
    }

    @Override
    public CheckReport check(Progress progress) throws HoldfastException {
        if (check != null) {
            throw new HoldfastException(ErrorCode.INVALID, device.name() + ": the volume was checked already");
        }
        check = volume.checkForRepair(progress, memory);
        return check.report();
    }

    @Override
    public RepairPlan plan() throws HoldfastException {
        return decided().plan();
    }

    private Repair decided() throws HoldfastException {
        VolumeCheck from = check;
        if (from == null) {
            throw new HoldfastException(ErrorCode.INVALID, device.name() + ": check the volume first");
        }
        Repair decided = repair;
        if (decided == null) {
            decided = volume.repair(from.checked(), from.report());
            repair = decided;
        }
        return decided;
    }

    @Override
    public RepairPlan apply(Progress progress) throws HoldfastException {
        Repair decided = decided();
        if (ended || !decided.plan().isPossible()) {
            throw new HoldfastException(ErrorCode.INVALID, device.name() + ": there is nothing to repair");
        }
        ended = true;
        long generation = volume.info().generation();
        long records = volume.recovery().records();
        volume.close();
        RepairWriting.write(new KeptOpen(device), options, environment, decided, generation, records);
        return decided.plan();
    }

    @Override
    public void close() throws HoldfastException {
        if (closed.getAndSet(true)) {
            return;
        }
        try {
            volume.close();
        } finally {
            try {
                device.close();
            } finally {
                memory.close();
                guard.release();
            }
        }
    }
}
