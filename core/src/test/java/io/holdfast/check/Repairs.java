package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import io.holdfast.device.Device;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeRepair;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Repairs images of volumes, undoes it, and reads all that is on them. */
final class Repairs {
    private static final VolumeOnDevice.Environment ENVIRONMENT = new VolumeOnDevice.Environment(
            InstantSource.fixed(Instant.ofEpochSecond(1_800_000_000)), new Random(5), Timing.SYSTEM);
    private static final OpenOptions OPTIONS = OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY);

    private Repairs() {}

    /** Checks and repairs; returns the plan. The device is closed. */
    static RepairPlan repair(Device device) throws HoldfastException {
        try (VolumeRepair repair = open(device)) {
            repair.check(Progress.NONE);
            RepairPlan plan = repair.plan();
            if (plan.isPossible()) {
                repair.apply(Progress.NONE);
            }
            return plan;
        }
    }

    /** Returns what a repair would do. */
    static RepairPlan plan(MemoryDevice device) throws HoldfastException {
        MemoryDevice copy = device.copy();
        try (VolumeRepair repair = open(copy)) {
            repair.check(Progress.NONE);
            return repair.plan();
        }
    }

    static VolumeRepair open(Device device) throws HoldfastException {
        return VolumeOnDevice.repair(device, OPTIONS, ENVIRONMENT);
    }

    static void undo(Device device) throws HoldfastException {
        VolumeOnDevice.undoRepair(device, ENVIRONMENT);
    }

    static void assertClean(MemoryDevice device) throws Exception {
        assertThat(PlantedVolume.check(device).problems()).isEmpty();
    }

    /** Returns the content of every file that can be read as a whole, the names of directories, and the targets of links, by path. */
    static Map<String, Integer> content(MemoryDevice device) throws Exception {
        Map<String, Integer> found = new TreeMap<>();
        try (Volume volume = PlantedVolume.openReadOnly(device.copy())) {
            collect(volume, "", found);
        }
        return found;
    }

    private static void collect(Volume volume, String directory, Map<String, Integer> into) {
        try {
            for (DirectoryEntry entry : volume.list(directory.isEmpty() ? "/" : directory, "", 1000)) {
                String path = directory + "/" + entry.name();
                try {
                    into.put(path, content(volume, path, entry.kind()));
                } catch (HoldfastException unreadable) {
                    // It is not among those that can be read.
                }
                if (entry.kind() == FileKind.DIRECTORY) {
                    collect(volume, path, into);
                }
            }
        } catch (HoldfastException unreadable) {
            // Nor is what is below.
        }
    }

    private static int content(Volume volume, String path, FileKind kind) throws HoldfastException {
        if (kind == FileKind.SYMLINK) {
            return volume.readLink(path).hashCode();
        }
        if (kind == FileKind.DIRECTORY) {
            volume.status(path);
            return 0;
        }
        int hash = 1;
        try (StoredFile file = volume.open(path)) {
            MemorySegment block = MemorySegment.ofArray(new byte[64 * Block.SIZE]);
            for (long at = 0; at < file.size(); at += block.byteSize()) {
                file.read(at, block.fill((byte) 0));
                hash = hash * 31 + Arrays.hashCode(block.toArray(ValueLayout.JAVA_BYTE));
            }
            return hash * 31 + Long.hashCode(file.size());
        }
    }
}
