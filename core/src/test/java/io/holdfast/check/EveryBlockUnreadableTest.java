package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.device.Piece;
import io.holdfast.device.SealedBuffer;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeRepair;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A crashed volume of 16 MiB, whose log is searched for in all of it, with one block that cannot be read, each in turn: it opens for writing, and it can be repaired. What was flushed
 * is there, but for what lies in the block itself.
 */
@Tag("slow")
class EveryBlockUnreadableTest {
    private static final long BLOCKS = 4096;
    private static final long EMPTY_STEP = 64;
    private static final long NONE = -1;
    private static final long MEMORY = 2L << 20;
    /** What is there once. Without a readable copy it stays an error. */
    private static final Set<String> NO_COPY =
            Set.of("data", "map node", "tree node", "inode", "directory entry", "space map");

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000));

    /** A block of it cannot be read until it is written: as a disk has it, which then takes another place for it. */
    private static final class LatentError extends ForwardingDevice {
        private final long bad;
        private boolean mended;

        LatentError(Device device, long bad) {
            super(device);
            this.bad = bad;
        }

        @Override
        public synchronized void read(long block, MemorySegment target) throws HoldfastException {
            if (!mended && block <= bad && bad < block + target.byteSize() / Block.SIZE) {
                throw new HoldfastException(ErrorCode.DEVICE_ERROR, "cannot read block " + bad);
            }
            super.read(block, target);
        }

        @Override
        public synchronized void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
            mended |= block <= bad && bad < block + count;
            super.write(block, source, from, count);
        }

        @Override
        public void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
            for (Piece piece : pieces) {
                write(piece.block(), source, piece.from(), piece.count());
            }
        }
    }

    /** What was flushed: for each file the seed of each block. */
    private final Map<String, List<Integer>> flushed = new TreeMap<>();

    private MemoryDevice crashed() throws Exception {
        MemoryDevice device = new MemoryDevice("small", BLOCKS);
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "", CLOCK, new Random(1));
        try (Volume volume = open(device, NONE)) {
            for (int i = 0; i < 6; i++) {
                write(volume, "/d" + i, 0, 16, i);
            }
        }
        MemoryDevice running = device.copy();
        try (Volume volume = open(running, NONE)) {
            write(volume, "/d0", 3, 8, 10);
            write(volume, "/late", 0, 6, 11);
            volume.setXattr("/d1", "user.a", new byte[20_000]);
            volume.sync();
            volume.checkpoint();
            for (int i = 0; i < 6; i++) {
                write(volume, "/d" + i, 2 * i, 5, 20 + i);
                write(volume, "/new" + i, 0, 3, 30 + i);
                volume.sync();
            }
            volume.setXattr("/d2", "user.b", new byte[20_000]);
            volume.sync();
            return running.copy();
        }
    }

    private static Volume open(MemoryDevice device, long unreadable) throws HoldfastException {
        return VolumeOnDevice.open(
                new LatentError(device, unreadable), OpenOptions.readWrite().withMemory(MEMORY), CLOCK, new Random(2));
    }

    private void write(Volume volume, String path, int block, int count, int seed) throws HoldfastException {
        List<Integer> blocks = flushed.computeIfAbsent(path, _ -> new ArrayList<>());
        try (StoredFile file = blocks.isEmpty() ? volume.create(path, CreateOptions.file()) : volume.open(path)) {
            for (int i = block; i < block + count; i++) {
                file.write((long) i * Block.SIZE, content(seed, i));
                if (i < blocks.size()) {
                    blocks.set(i, seed);
                } else {
                    blocks.add(seed);
                }
            }
            file.flush();
        }
    }

    private static MemorySegment content(int seed, int block) {
        byte[] bytes = new byte[Block.SIZE];
        new Random(seed * 1000L + block).nextBytes(bytes);
        return MemorySegment.ofArray(bytes);
    }

    /** Reads all files: what was flushed is there, or is an error. */
    private void compare(Volume volume, String what) {
        MemorySegment read = MemorySegment.ofArray(new byte[Block.SIZE]);
        for (Map.Entry<String, List<Integer>> entry : flushed.entrySet()) {
            try (StoredFile file = volume.open(entry.getKey())) {
                for (int i = 0; i < entry.getValue().size(); i++) {
                    try {
                        file.read((long) i * Block.SIZE, read);
                    } catch (HoldfastException e) {
                        continue; // An error, and nothing else in its place.
                    }
                    assertThat(read.mismatch(content(entry.getValue().get(i), i)))
                            .as("%s: block %d of %s", what, i, entry.getKey())
                            .isEqualTo(-1);
                }
            } catch (HoldfastException e) {
                assertThat(e.code()).as("%s: %s: %s", what, entry.getKey(), e).isNotEqualTo(ErrorCode.NOT_FOUND);
            }
        }
    }

    @Test
    void theVolumeOpensAndIsRepairedWhicheverBlockItIs() throws Exception {
        MemoryDevice image = crashed();
        for (long block = 1; block < BLOCKS; block++) {
            // Blocks that hold nothing differ by their numbers alone: some of them will do.
            if (block % EMPTY_STEP != 0 && Arrays.mismatch(image.block(block), new byte[Block.SIZE]) < 0) {
                continue;
            }
            opened(image, block);
            MemoryDevice repaired = image.copy();
            LatentError device = new LatentError(repaired, block);
            RepairPlan plan = repaired(device);
            assertThat(plan.refusal()).as("block %d", block).isEmpty();
            assertThat(plan.left())
                    .as("block %d, what no repair mends", block)
                    .allMatch(left -> NO_COPY.contains(left.problem().structure()));
            try (Volume volume = open(repaired.copy(), device.mended ? NONE : block)) {
                compare(volume, "repaired without block " + block);
                CheckReport report = volume.check(Progress.NONE);
                if (plan.left().isEmpty()) {
                    // A place that is written in turn with another one cannot be read still; nothing else is wrong.
                    assertThat(report.problems())
                            .as("block %d", block)
                            .allMatch(problem -> problem.structure().equals("superblock")
                                    || problem.structure().equals("space map"));
                } else {
                    assertThat(report.problems())
                            .as("block %d", block)
                            .noneMatch(problem -> problem.structure().startsWith("log"));
                }
            }
        }
    }

    private static RepairPlan repaired(Device device) throws HoldfastException {
        VolumeOnDevice.Environment environment = ManyPasses.environment(Layout.GROUP_LOG2, MemoryPlan.INCLUDED);
        OpenOptions options = OpenOptions.readWrite().withMemory(MEMORY);
        try (VolumeRepair repair = VolumeOnDevice.repair(device, options, environment)) {
            repair.check(Progress.NONE);
            RepairPlan plan = repair.plan();
            if (plan.isPossible()) {
                repair.apply(Progress.NONE);
            }
            return plan;
        }
    }

    /** Opens it for writing and compares what is there. */
    private void opened(MemoryDevice image, long block) throws Exception {
        try (Volume volume = open(image.copy(), block)) {
            compare(volume, "opened without block " + block);
            assertThat(volume.recovery().problems())
                    .as("block %d", block)
                    .noneMatch(problem -> problem.contains("it may have a record of the log"));
        } catch (HoldfastException e) {
            // The bitmap of the only group: nothing could be written. A repair makes it anew.
            assertThat(block).as("%s", e).isEqualTo(new Layout(BLOCKS).bitmapHome(0, 0));
        }
    }
}
