package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.concurrent.Timing;
import io.holdfast.device.CrashRule;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/** What opening a volume reads and writes, with a log and without; and closing one that has much to write. */
class OpeningTest {
    private static final int BLOCK = Volume.BLOCK_SIZE;
    /** Memory whose share for changes is the least that there is: 2 MiB. */
    private static final long LITTLE = 1 << 19;

    private static final long MUCH = 512 << 20;
    /** So many changes take more than 2 MiB. */
    private static final int MANY = 120_000;

    /** Counts what a device is asked for. */
    private static final class Counting extends ForwardingDevice {
        private final AtomicLong blocksRead = new AtomicLong();
        private final AtomicLong reads = new AtomicLong();

        Counting(MemoryDevice device) {
            super(device);
        }

        @Override
        public void read(long block, MemorySegment target) throws HoldfastException {
            reads.incrementAndGet();
            blocksRead.addAndGet(target.byteSize() / BLOCK);
            super.read(block, target);
        }
    }

    private static VolumeOnDevice.Environment environment(int groupLog2, Timing timing) {
        return new VolumeOnDevice.Environment(InstantSource.system(), new Random(7), timing, groupLog2);
    }

    private static byte[] block(long seed) {
        byte[] block = new byte[BLOCK];
        Arrays.fill(block, (byte) (seed % 251 + 1));
        return block;
    }

    /** Leaves a device as after a crash, with a log of data and ranges in all parts of a file that spans all groups. */
    private static MemoryDevice crashed(MemoryDevice device, int writes, int ranges) throws HoldfastException {
        try (FaultDevice faults = new FaultDevice(device, 1 << 22);
                Volume volume = TestVolumes.open(faults, MUCH, 3);
                StoredFile file = volume.create("/f", CreateOptions.file().withSize((long) MANY * 16 * BLOCK))) {
            for (int i = 0; i < writes; i++) {
                file.write(place(i), MemorySegment.ofArray(block(i)));
            }
            for (int i = 0; i < ranges; i++) {
                file.punch((i * 16L + 8) * BLOCK, BLOCK);
            }
            file.flush();
            return faults.imageAfterCrash(new CrashRule.DropAll());
        }
    }

    private static long place(int i) {
        return i * 17L % MANY * 16 * BLOCK;
    }

    private static void assertContent(Volume volume, int writes) throws HoldfastException {
        try (StoredFile file = volume.open("/f")) {
            byte[] read = new byte[BLOCK];
            for (int i = 0; i < writes; i++) {
                file.read(place(i), MemorySegment.ofArray(read));
                assertThat(read).as("block %d", i).isEqualTo(block(i));
            }
        }
        assertThat(volume.check(Progress.NONE).problems()).isEmpty();
    }

    @Test
    void readsTheLogAndTheGroupTableAndWritesNoCheckpoint() throws HoldfastException {
        MemoryDevice device = new MemoryDevice("memory", 1 << 16);
        int groupLog2 = Layout.GROUP_LOG2_MIN;
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "", environment(groupLog2, Timing.SYSTEM));
        Counting counting;
        int writes = 3000;
        MemoryDevice left;
        try (FaultDevice faults = new FaultDevice(device, 1 << 20);
                Volume volume = VolumeOnDevice.open(
                        faults, OpenOptions.readWrite().withMemory(MUCH), environment(groupLog2, Timing.SYSTEM));
                StoredFile file = volume.create("/f", CreateOptions.file().withSize((long) MANY * 16 * BLOCK))) {
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < writes; i++) {
                    file.write(place(i), MemorySegment.ofArray(block(i)));
                }
                file.flush();
                if (round == 0) {
                    volume.checkpoint();
                }
            }
            left = faults.imageAfterCrash(new CrashRule.DropAll());
        }
        counting = new Counting(left);
        try (StoredVolume volume = (StoredVolume) VolumeOnDevice.open(
                counting, OpenOptions.readWrite().withMemory(MUCH), environment(groupLog2, Timing.SYSTEM))) {
            RecoveryReport recovery = volume.recovery();
            assertThat(recovery.blocks()).isGreaterThanOrEqualTo(writes);
            long superblocks = 2L * new Layout(left.blocks(), groupLog2).superblockCopies();
            long table = (left.blocks() >> groupLog2) / Layout.DESCRIPTORS + 2;
            // Each record is read two or three times, and the data of those that were not known to be durable once, in
            // pieces of 64 blocks. Two groups are loaded, and a path of the tree leads to the file.
            assertThat(counting.reads.get())
                    .isLessThan(superblocks + table + 6 * recovery.records() + recovery.blocks() / 32 + 60);
            assertThat(volume.counters().checkpoints()).isZero();
            // The superblock again, the records that were not known to be durable again, and one that says that this is
            // a
            // new mount.
            assertThat(volume.counters().deviceWrites())
                    .isLessThan(superblocks / 2 + 2 * recovery.records() + recovery.blocks() / 32 + 2);
            assertContent(volume, writes);
        }
    }

    @Test
    void littleMemoryTakesCheckpointsOnTheWay() throws HoldfastException {
        MemoryDevice left = crashed(TestVolumes.formatted(1024), 2000, MANY);
        try (StoredVolume volume = TestVolumes.open(left.copy(), MUCH, 4)) {
            assertThat(volume.recovery().checkpoints()).isZero();
            assertThat(volume.changeBytesPeak()).isGreaterThan(5 << 19);
        }
        try (StoredVolume volume = TestVolumes.open(left.copy(), LITTLE, 5)) {
            assertThat(volume.recovery().checkpoints()).isPositive();
            assertThat(volume.changeBytesPeak()).isLessThan(3 << 20);
            assertThat(volume.recovery().problems()).isEmpty();
            assertContent(volume, 2000);
            TestVolumes.assertAtRest(volume);
        }
    }

    @Test
    void littleMemoryIsNotEnoughToReadOnly() throws HoldfastException {
        MemoryDevice left = crashed(TestVolumes.formatted(1024), 100, MANY);
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> VolumeOnDevice.open(
                        left.copy(),
                        OpenOptions.reading().withMemory(LITTLE),
                        environment(Layout.GROUP_LOG2, Timing.SYSTEM)))
                .withMessageContaining("give it a memory of 512 MiB, or open it for writing")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_MEMORY));
        try (Volume volume = VolumeOnDevice.open(
                left, OpenOptions.reading().withMemory(MUCH), environment(Layout.GROUP_LOG2, Timing.SYSTEM))) {
            assertContent(volume, 100);
        }
    }

    /** The power fails again and again while little memory makes the recovery write. */
    @Test
    void aRecoveryThatWritesMayCrashAnywhere() throws HoldfastException {
        MemoryDevice before = crashed(TestVolumes.formatted(1024), 300, MANY);
        for (int cut = 1; cut < 4000; cut = cut * 5 / 3 + 1) {
            MemoryDevice device = before.copy();
            FaultDevice faults = new FaultDevice(device, 1 << 22);
            AtomicLong left = new AtomicLong(cut);
            faults.setHook(new IoHook() {
                @Override
                public void before(Operation operation, long block, long blocks) {
                    if (operation != Operation.READ && left.decrementAndGet() == 0) {
                        try {
                            faults.crash(new CrashRule.DropAll());
                        } catch (HoldfastException e) {
                            throw new AssertionError(e);
                        }
                    }
                }
            });
            try (Volume volume = TestVolumes.open(faults, LITTLE, cut)) {
                assertThat(volume.recovery().checkpoints()).isPositive();
            } catch (HoldfastException e) {
                assertThat(left.get()).isNotPositive();
            }
            try (StoredVolume volume = TestVolumes.open(device, LITTLE, cut + 1)) {
                assertContent(volume, 300);
            }
        }
    }

    /** Many mounts go on with one log. */
    @Test
    void isKilledAgainAndAgain() throws HoldfastException {
        MemoryDevice device = TestVolumes.formatted(64);
        for (int mount = 0; mount < 20; mount++) {
            FaultDevice faults = new FaultDevice(device, 1 << 20);
            try (StoredVolume volume = TestVolumes.open(faults, mount)) {
                assertThat(volume.counters().checkpoints()).isZero();
                try (StoredFile file = mount == 0 ? volume.create("/f", CreateOptions.file()) : volume.open("/f")) {
                    byte[] read = new byte[BLOCK];
                    for (int i = 0; i < mount; i++) {
                        file.read((long) i * BLOCK, MemorySegment.ofArray(read));
                        assertThat(read).as("block %d", i).isEqualTo(block(i));
                    }
                    file.write((long) mount * BLOCK, MemorySegment.ofArray(block(mount)));
                    file.flush();
                    // Not flushed: it may be there or not.
                    file.write(100L * BLOCK, MemorySegment.ofArray(block(mount)));
                }
                device = faults.imageAfterCrash(new CrashRule.DropAll());
            }
        }
        try (StoredVolume volume = TestVolumes.open(device, 99)) {
            assertThat(volume.recovery().records()).isGreaterThan(20);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    /** Time that passes by a second whenever somebody looks. */
    private static final class HastyTime implements Timing {
        private final AtomicLong now = new AtomicLong();

        @Override
        public long nanoTime() {
            return now.addAndGet(1_000_000_000);
        }

        @Override
        public void await(ReentrantLock lock, Condition condition, long nanos) throws InterruptedException {
            SYSTEM.await(lock, condition, nanos);
        }
    }

    @Test
    void closingInNoTimeLeavesTheLog() throws HoldfastException {
        MemoryDevice device = TestVolumes.formatted(1024);
        VolumeOnDevice.Environment hasty = environment(Layout.GROUP_LOG2, new HastyTime());
        OpenOptions options = OpenOptions.readWrite().withMemory(MUCH);
        try (Volume volume = VolumeOnDevice.open(TestVolumes.through(device), options, hasty);
                StoredFile file = volume.create("/f", CreateOptions.file().withSize((long) MANY * 16 * BLOCK))) {
            for (int i = 0; i < 3000; i++) {
                file.write(place(i), MemorySegment.ofArray(block(i)));
            }
        }
        try (Volume volume = VolumeOnDevice.open(
                TestVolumes.through(device), OpenOptions.reading().withMemory(MUCH), hasty)) {
            assertThat(volume.recovery().clean()).isTrue();
            assertThat(volume.recovery().records()).isPositive();
            assertThat(volume.recovery().droppedTail()).isFalse();
            assertContent(volume, 3000);
        }
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 9)) {
            assertThat(volume.recovery().clean()).isTrue();
            assertContent(volume, 3000);
        }
        try (StoredVolume volume = TestVolumes.open(device, 10)) {
            assertThat(volume.recovery().clean()).isTrue();
            assertThat(volume.recovery().records()).isZero();
        }
    }
}
