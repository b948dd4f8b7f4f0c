package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A check that has memory for the blocks of a few groups finds what one finds that has enough. {@link PlantedVolume#check} asks for the same with each damage that is
 * planted anywhere.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ManyPassesTest {
    private static final int GROUP_LOG2 = 9;
    private static final long BLOCKS = 32L << GROUP_LOG2;
    private static final Layout LAYOUT = new Layout(BLOCKS, GROUP_LOG2);
    private static final long AMPLE = 1 << 20;
    private static final int FILES = 6;
    private static final int FILE_BLOCKS = 1200;

    private static Volume open(MemoryDevice device, OpenOptions options, long sets) throws HoldfastException {
        return VolumeOnDevice.open(device, options, ManyPasses.environment(GROUP_LOG2, sets));
    }

    /** Returns a volume whose groups are half full. */
    private static MemoryDevice filled() throws Exception {
        MemoryDevice device = new MemoryDevice("groups", BLOCKS);
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "", ManyPasses.environment(GROUP_LOG2, AMPLE));
        try (Volume volume = open(device, OpenOptions.readWrite(), AMPLE)) {
            for (int i = 0; i < FILES; i++) {
                try (StoredFile file = volume.create("/f" + i, CreateOptions.file())) {
                    file.write(
                            0,
                            MemorySegment.ofArray(new byte[FILE_BLOCKS * 4096]).fill((byte) i));
                }
            }
            // A subtree that is being freed, or was.
            volume.remove("/f" + (FILES - 1));
        }
        return device.copy();
    }

    private static CheckReport check(MemoryDevice device, long sets) throws Exception {
        try (Volume volume = open(device.copy(), OpenOptions.reading(), sets)) {
            return volume.check(Progress.NONE);
        }
    }

    /** Marks a free block of a group in use, and counts it, so that the volume opens for writing; returns it. */
    private static long leak(MemoryDevice device, long group) throws Exception {
        Planter planter = new Planter(device, GROUP_LOG2);
        long block = LAYOUT.groupEnd(group) - 1;
        byte[] bits = device.block(planter.bitmap(block));
        int bit = (int) (block - LAYOUT.groupStart(group));
        while ((bits[bit / 8] & 1 << (bit % 8)) != 0) {
            bit--;
        }
        planter.flipSpaceBit(LAYOUT.groupStart(group) + bit);
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 256, LittleEndian.getLong(bytes, 256) + 1));
        return LAYOUT.groupStart(group) + bit;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 20})
    void nothingIsFoundWhereAllIsRight(int groups) throws Exception {
        MemoryDevice device = filled();
        long sets = CheckMemory.setsFor(LAYOUT, groups);
        ManyPasses.requireSame(check(device, AMPLE), check(device, sets));
        assertThat(check(device, sets).problems()).isEmpty();
    }

    /** The log lies in several groups, and there are orphans and subtrees that are being freed. */
    @Test
    void aVolumeThatCrashed() throws Exception {
        VariedVolume volume = new VariedVolume();
        CheckReport one;
        try (Volume whole = VariedVolume.open(volume.crashed.copy(), OpenOptions.reading())) {
            one = whole.check(Progress.NONE);
        }
        assertThat(one.problems()).isEmpty();
        ManyPasses.requireSame(one, ManyPasses.check(volume.crashed, VariedVolume.GROUP_LOG2));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7})
    void damageInTheFirstAndInTheLastGroups(int groups) throws Exception {
        MemoryDevice device = filled();
        Planter planter = new Planter(device, GROUP_LOG2);
        List<Long> wrong = new ArrayList<>();
        wrong.add(leak(device, 0));
        wrong.add(leak(device, 9));
        long used = inUse(device, 1);
        planter.flipSpaceBit(used);
        wrong.add(used);
        long last = lastInUse(device);
        planter.flipSpaceBit(last);
        wrong.add(last);
        CheckReport one = check(device, AMPLE);
        assertThat(one.problems()).extracting(CheckReport.Problem::block).containsAll(wrong);
        CheckReport many = check(device, CheckMemory.setsFor(LAYOUT, groups));
        ManyPasses.requireSame(one, many);
        assertThat(many.problems()).isEqualTo(one.problems());
    }

    private static long inUse(MemoryDevice device, long group) throws Exception {
        byte[] bits = device.block(new Planter(device, GROUP_LOG2).bitmap(LAYOUT.groupStart(group)));
        int bit = 0;
        while ((bits[bit / 8] & 1 << (bit % 8)) == 0) {
            bit++;
        }
        return LAYOUT.groupStart(group) + bit;
    }

    private static long lastInUse(MemoryDevice device) throws Exception {
        Planter planter = new Planter(device, GROUP_LOG2);
        long last = 0;
        for (int i = 0; i < FILES - 1; i++) {
            long inode;
            try (Volume volume = open(device.copy(), OpenOptions.reading(), AMPLE)) {
                inode = volume.status("/f" + i).inode();
            }
            last = Math.max(last, planter.data(inode, FILE_BLOCKS - 1));
        }
        return last;
    }

    /** Checkpoints change blocks of all groups meanwhile. What nobody changes is compared all the same. */
    @Test
    void besideWriters() throws Exception {
        MemoryDevice device = filled();
        long first = leak(device, 0);
        long later = leak(device, 9);
        try (Volume volume = open(device, OpenOptions.readWrite(), CheckMemory.setsFor(LAYOUT, 2))) {
            AtomicBoolean done = new AtomicBoolean();
            AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
            Thread writer = Thread.ofPlatform().start(() -> write(volume, done, failure));
            for (int i = 0; i < 20; i++) {
                CheckReport report = volume.check(Progress.NONE);
                assertThat(report.problems())
                        .allMatch(problem -> problem.structure().equals("space map")
                                || problem.message().contains("allocated blocks"));
                assertThat(report.problems())
                        .extracting(CheckReport.Problem::block)
                        .isSubsetOf(first, later, -1L);
                if (report.unproven().isEmpty()) {
                    assertThat(report.problems())
                            .extracting(CheckReport.Problem::block)
                            .contains(first, later);
                }
            }
            done.set(true);
            writer.join();
            assertThat(failure.get()).isNull();
        }
    }

    private static void write(Volume volume, AtomicBoolean done, AtomicReference<@Nullable Throwable> failure) {
        Random random = new Random(3);
        try {
            for (int i = 0; !done.get(); i++) {
                try (StoredFile file = volume.open("/f" + random.nextInt(FILES - 1))) {
                    int blocks = 1 + random.nextInt(8);
                    long at = random.nextInt(FILE_BLOCKS - blocks);
                    file.write(
                            at * 4096,
                            MemorySegment.ofArray(new byte[blocks * 4096]).fill((byte) i));
                }
                if (i % 31 == 0) {
                    volume.create("/other", CreateOptions.file()).close();
                    try (StoredFile other = volume.open("/other")) {
                        other.write(0, MemorySegment.ofArray(new byte[300 * 4096]));
                    }
                    volume.checkpoint();
                    volume.remove("/other");
                }
                if (i % 11 == 0) {
                    volume.checkpoint();
                }
            }
        } catch (HoldfastException | RuntimeException e) {
            failure.set(e);
        }
    }

    /** A repair has the blocks of the groups that are wrong, though later passes looked at others. */
    @Test
    void aRepair() throws Exception {
        MemoryDevice device = filled();
        leak(device, 0);
        new Planter(device, GROUP_LOG2).flipSpaceBit(inUse(device, 1));
        leak(device, 9);
        VolumeOnDevice.Environment few = ManyPasses.environment(GROUP_LOG2, CheckMemory.setsFor(LAYOUT, 8));
        MemoryDevice repaired = device.copy();
        try (var repair = VolumeOnDevice.repair(repaired, OpenOptions.readWrite(), few)) {
            assertThat(repair.check(Progress.NONE).problems()).hasSizeGreaterThanOrEqualTo(3);
            assertThat(repair.plan().refusal()).isEmpty();
            repair.apply(Progress.NONE);
        }
        assertThat(check(repaired.copy(), AMPLE).problems()).isEmpty();
        VolumeOnDevice.Environment one = ManyPasses.environment(GROUP_LOG2, CheckMemory.setsFor(LAYOUT, 1));
        try (var repair = VolumeOnDevice.repair(device.copy(), OpenOptions.readWrite(), one)) {
            repair.check(Progress.NONE);
            assertThat(repair.plan().refusal()).contains("--memory");
        }
    }

    /** What a check takes of a full volume of 15 TiB is in its share of the memory. */
    @ParameterizedTest
    @ValueSource(longs = {32L << 20, 256L << 20, 1L << 30, 4L << 30})
    void aFullVolumeOfFifteenTebibytes(long bytes) {
        Layout layout = new Layout(15L << 28);
        long table = 37 * layout.groups();
        MemoryPlan plan = MemoryPlan.of(bytes).withGroupTable(table);
        assertThat(plan.isEnough()).isTrue();
        CheckMemory memory = new CheckMemory(plan.checkOrder(), plan.checkSets(), 1);
        long groups = memory.exactGroups(layout);
        long taken = groups * 3 * 4096 + layout.groups() * 25 + 2 * memory.nodeBytes();
        assertThat(taken).isLessThanOrEqualTo(plan.checkSets());
        assertThat(groups).isGreaterThan(10);
    }
}
