package io.holdfast.engine;

import io.holdfast.concurrent.Timing;
import io.holdfast.device.Device;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Features;
import io.holdfast.format.Layout;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeRepair;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Volumes on a {@link Device} that the caller provides, with the caller's clock and random numbers, for the simulator
 * and tests. {@link Volumes#format} and {@link Volumes#open} do the same on files and block devices.
 */
public final class VolumeOnDevice {
    private VolumeOnDevice() {}

    /** Opens a volume. The device is closed with the volume, and also if this fails. */
    public static Volume open(Device device, OpenOptions options, InstantSource clock, RandomGenerator random)
            throws HoldfastException {
        return open(device, options, new Environment(clock, random, Timing.SYSTEM));
    }

    /** Opens a volume, with any amount of memory. The device is closed with the volume, and also if this fails. */
    public static Volume open(Device device, OpenOptions options, Environment environment) throws HoldfastException {
        return VolumeOpening.open(device, DeviceGuard.NONE, options, environment);
    }

    /** Opens a device, the same one each time, for {@link #open(DeviceOpener, OpenOptions, Environment)}. */
    public interface DeviceOpener {
        Device open() throws HoldfastException;
    }

    /** Opens a volume that {@link Volume#reopen} can open again. */
    public static Volume open(DeviceOpener device, OpenOptions options, Environment environment)
            throws HoldfastException {
        DeviceGuard guard = new DeviceGuard() {
            @Override
            public void release() {}

            @Override
            public Device open() throws HoldfastException {
                return device.open();
            }
        };
        return VolumeOpening.open(guard.open(), guard, options, environment);
    }

    /** Opens a volume to repair it. The device is closed with the repair, and also if this fails. */
    public static VolumeRepair repair(Device device, OpenOptions options, Environment environment)
            throws HoldfastException {
        return VolumeRepairing.open(device, DeviceGuard.NONE, options, environment);
    }

    /** Does as {@link Volumes#undoRepair}; the device stays open. */
    public static void undoRepair(Device device, Environment environment) throws HoldfastException {
        RepairUndo.run(device, environment.groupLog2());
    }

    /**
     * What a volume takes from outside besides its device.
     *
     * @param clock for the times of files
     * @param random for ids that must be unpredictable and must not repeat
     * @param timing for background work
     * @param groupLog2 log2 of the blocks in a group of the volume: {@link Layout#GROUP_LOG2} but in the simulator
     * @param discardPass nanoseconds between two looks for free space to discard
     * @param checkSets bytes that a check has for what it knows of blocks, beyond the memory of the volume; {@link MemoryPlan#INCLUDED} but in tests and in the
     *     simulator
     * @param changesMin bytes of changes that there is room for however little memory the volume has; {@link ChangeBudget#HARD_MIN} but in the simulator
     */
    public record Environment(
            InstantSource clock,
            RandomGenerator random,
            Timing timing,
            int groupLog2,
            long discardPass,
            long checkSets,
            long changesMin) {
        private static final long DISCARD_PASS = TimeUnit.SECONDS.toNanos(30);

        public Environment(InstantSource clock, RandomGenerator random, Timing timing, int groupLog2) {
            this(clock, random, timing, groupLog2, DISCARD_PASS);
        }

        public Environment(
                InstantSource clock, RandomGenerator random, Timing timing, int groupLog2, long discardPass) {
            this(clock, random, timing, groupLog2, discardPass, MemoryPlan.INCLUDED);
        }

        public Environment(
                InstantSource clock,
                RandomGenerator random,
                Timing timing,
                int groupLog2,
                long discardPass,
                long checkSets) {
            this(clock, random, timing, groupLog2, discardPass, checkSets, ChangeBudget.HARD_MIN);
        }

        public Environment(InstantSource clock, RandomGenerator random, Timing timing) {
            this(clock, random, timing, Layout.GROUP_LOG2);
        }

        static Environment system() {
            return new Environment(InstantSource.system(), new SecureRandom(), Timing.SYSTEM);
        }
    }

    /** Returns why nothing is written to some part of a volume; empty unless something of its space map cannot be read. */
    public static Optional<HoldfastException> closedBecause(Volume volume) {
        return ((StoredVolume) volume).closedBecause();
    }

    /**
     * Memory for changes of maps.
     *
     * @param peak the most that they took so far
     * @param limit what they may take
     */
    public record ChangeBytes(long peak, long limit) {}

    /** Returns what the changes of a volume took that was opened here for writing. */
    public static ChangeBytes changeBytes(Volume volume) {
        StoredVolume stored = (StoredVolume) volume;
        return new ChangeBytes(stored.changeBytesPeak(), stored.changeBytesLimit());
    }

    /** What a volume holds. All of it must be 0 when no call runs and nothing is dirty. */
    public record Held(long reservedBlocks, int buffers, long dirtyBytes) {}

    /** Returns what a volume that was opened here holds now. */
    public static Held held(Volume volume) {
        StoredVolume stored = (StoredVolume) volume;
        return new Held(
                stored.reservedBlocks(), stored.buffersInUse(), stored.usage().dirty());
    }

    /** Writes an empty volume over all of the device. Does not check what is there. */
    public static void format(
            Device device, ChecksumAlgorithm algorithm, String label, InstantSource clock, RandomGenerator random)
            throws HoldfastException {
        format(device, algorithm, label, new Environment(clock, random, Timing.SYSTEM));
    }

    /** Does as {@link #format(Device, ChecksumAlgorithm, String, InstantSource, RandomGenerator)}. */
    public static void format(Device device, ChecksumAlgorithm algorithm, String label, Environment environment)
            throws HoldfastException {
        Formatting.format(device, algorithm, Features.NONE, label, environment);
    }
}
