package io.holdfast.check;

import static io.holdfast.namespace.NamespaceKeys.ENTRY;
import static io.holdfast.namespace.NamespaceKeys.INODE;
import static io.holdfast.namespace.NamespaceKeys.ROOT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.concurrent.Timing;
import io.holdfast.device.Device;
import io.holdfast.device.Fault;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.FullHost;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.LittleEndian;
import io.holdfast.mapping.MapItems;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.LiveRepair;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Repairs of a volume beside those who use it. */
class LiveRepairTest extends PlantedDamage {
    private static final int WRITERS = 3;
    private static final int FILE_BLOCKS = 40;
    /** More files than the log has room for beforehand. */
    private static final int FILES = 20;
    /** Where a superblock counts allocated blocks. */
    private static final int ALLOCATED_AT = 256;

    private final VolumeOnDevice.Environment environment =
            new VolumeOnDevice.Environment(InstantSource.system(), new Random(7), Timing.SYSTEM);
    private FaultDevice below = new FaultDevice(device);
    private FullHost host = new FullHost(device, new BitSet(), true);
    private int opened;
    /** The flush that fails after the next opening; 0 for none. */
    private int failingFlush;

    /** Opens the volume; its device can be opened again. */
    private Volume open() throws HoldfastException {
        MemoryDevice medium = device;
        VolumeOnDevice.DeviceOpener opener = () -> {
            if (failingFlush > 0 && opened == 0) {
                opened++;
                return new FailingFlush(medium, failingFlush);
            }
            below = new FaultDevice(medium);
            opened++;
            return new Unclosed(below);
        };
        return VolumeOnDevice.open(opener, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY), environment);
    }

    /** The medium outlives the one who has it open. */
    private static final class Unclosed extends ForwardingDevice {
        Unclosed(Device device) {
            super(device);
        }

        @Override
        public void close() {
            // It is opened again.
        }
    }

    /** Has what was written before a flush that fails. */
    private static final class FailingFlush extends ForwardingDevice {
        private int left;

        FailingFlush(Device device, int nth) {
            super(device);
            left = nth;
        }

        @Override
        public void flush() throws HoldfastException {
            if (--left == 0) {
                throw new HoldfastException(ErrorCode.DEVICE_ERROR, name() + ": the flush failed");
            }
            super.flush();
        }

        @Override
        public void close() {
            // It is opened again.
        }
    }

    private void damage() throws HoldfastException {
        planter.leak(20);
        planter.value(MapItems.mapKey(volume.data), v -> LittleEndian.putLong(v, 16, 1000));
        planter.value(PlantedVolume.key(volume.middle, INODE), v -> LittleEndian.putInt(v, 16, 7));
        planter.remove(PlantedVolume.key(ROOT, ENTRY, "canary"));
    }

    private static MemorySegment block(int value) {
        return MemorySegment.ofArray(new byte[Block.SIZE]).fill((byte) value);
    }

    private static void write(Volume to, String path, int value) throws HoldfastException {
        try (StoredFile file = to.create(path, CreateOptions.file())) {
            for (int i = 0; i < FILE_BLOCKS; i++) {
                file.write((long) i * Block.SIZE, block(value));
            }
        }
    }

    private static byte[] read(Volume from, String path) throws HoldfastException {
        try (StoredFile file = from.open(path)) {
            MemorySegment all = MemorySegment.ofArray(new byte[FILE_BLOCKS * Block.SIZE]);
            file.read(0, all);
            return all.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Overwrites, removes and makes files, until it is told to stop. */
    private static final class Writer {
        private final Thread thread;
        private final AtomicBoolean stop = new AtomicBoolean();
        private volatile int rounds;

        Writer(Volume to, int number) {
            thread = Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; !stop.get(); i++) {
                        String path = "/w" + number + "-" + i % 3;
                        if (i >= 3) {
                            to.remove(path);
                        }
                        write(to, path, 1 + i % 100);
                        if (i % 5 == 0) {
                            to.sync();
                        }
                        if (i % 7 == 0) {
                            to.checkpoint();
                        }
                        rounds = i;
                    }
                } catch (HoldfastException e) {
                    throw new IllegalStateException(e);
                }
            });
        }

        void awaitRounds(int more) {
            int until = rounds + more;
            while (rounds < until && thread.isAlive()) {
                Thread.onSpinWait();
            }
        }

        void end() throws InterruptedException {
            stop.set(true);
            thread.join();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void besideWritersNothingIsLostAndAllIsMended(int seed) throws Exception {
        assertThat(seed).isPositive();
        damage();
        use(device.copy());
        Map<String, Integer> before = Repairs.content(device);
        Volume first = open();
        List<Writer> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            writers.add(new Writer(first, i));
        }
        LiveRepair repair = first.beginRepair();
        assertThat(repair.check(Progress.NONE).clean()).isFalse();
        assertThat(repair.plan().isPossible()).isTrue();
        assertThat(repair.plan().left()).isEmpty();
        assertThat(repair.waitNanos()).isPositive();
        for (Writer writer : writers) {
            writer.awaitRounds(8);
            writer.end();
        }
        write(first, "/only in memory", 77);
        LiveRepair.Applied applied = repair.apply(Progress.NONE, () -> {});
        repair.close();
        Volume second = applied.volume();
        assertThat(applied.failure()).isEmpty();
        assertThat(applied.done().mended()).isEqualTo(applied.done().findings());
        assertThatThrownBy(first::sync).isInstanceOf(HoldfastException.class);
        assertThat(read(second, "/only in memory")).containsOnly(77);
        assertThat(second.status("/lost+found/inode-" + volume.canary).size()).isPositive();
        for (int i = 0; i < WRITERS; i++) {
            write(second, "/after" + i, 5);
        }
        assertThat(second.check(Progress.NONE).problems()).isEmpty();
        second.close();
        use(device.copy());
        Repairs.assertClean(device);
        before.remove("/canary");
        assertThat(Repairs.content(device)).containsAllEntriesOf(before);
    }

    /** What changes after the check decides, too: blocks that it has not seen in use are. */
    @Test
    void whatWasWrittenSinceTheCheckStaysInUse() throws Exception {
        planter.leak(1);
        use(device.copy());
        Volume first = open();
        LiveRepair repair = first.beginRepair();
        repair.check(Progress.NONE);
        for (int i = 0; i < 50; i++) {
            write(first, "/new" + i, i + 1);
            first.checkpoint();
        }
        first.remove("/new7");
        first.checkpoint();
        Volume second = repair.apply(Progress.NONE, () -> {}).volume();
        repair.close();
        for (int i = 0; i < 60; i++) {
            write(second, "/more" + i, 9);
        }
        second.checkpoint();
        assertThat(read(second, "/new8")).containsOnly(9);
        assertThat(second.check(Progress.NONE).problems()).isEmpty();
        second.close();
        use(device.copy());
        Repairs.assertClean(device);
    }

    /** Somebody has mended it, or nothing is left of it: then there is nothing to do, and the volume goes on. */
    @Test
    void aFileThatIsGoneNeedsNoCounts() throws Exception {
        planter.value(MapItems.mapKey(volume.data), v -> LittleEndian.putLong(v, 16, 1000));
        use(device.copy());
        Volume first = open();
        LiveRepair repair = first.beginRepair();
        repair.check(Progress.NONE);
        first.remove("/data");
        first.checkpoint();
        LiveRepair.Applied applied = repair.apply(Progress.NONE, () -> {});
        repair.close();
        assertThat(applied.failure()).isEmpty();
        applied.volume().close();
        use(device.copy());
        Repairs.assertClean(device);
    }

    /** A count that is too low cannot be corrected by what it was too low once: all is read again. */
    @ParameterizedTest
    @CsvSource({"16, 0", "24, " + PlantedVolume.DATA_BLOCKS})
    void aCountThatIsTooLowAndChanges(int offset, int firstBlock) throws Exception {
        planter.value(MapItems.mapKey(volume.data), v -> LittleEndian.putLong(v, offset, 3));
        use(device.copy());
        Volume first = open();
        LiveRepair repair = first.beginRepair();
        repair.check(Progress.NONE);
        try (StoredFile file = first.open("/data")) {
            file.punch((long) firstBlock * Block.SIZE, 90L * Block.SIZE);
        }
        first.checkpoint();
        try (StoredFile file = first.open("/data")) {
            assertThat(file.read(0, block(0))).isEqualTo(Block.SIZE);
        }
        LiveRepair.Applied applied = repair.apply(Progress.NONE, () -> {});
        repair.close();
        assertThat(applied.failure()).isEmpty();
        applied.volume().close();
        use(device.copy());
        Repairs.assertClean(device);
    }

    /** The same for the superblock's sum of unwritten blocks. */
    @Test
    void aSumOfUnwrittenBlocksThatIsTooLowAndChanges() throws Exception {
        planter.superblock(bytes -> LittleEndian.putLong(bytes, 264, 3));
        use(device.copy());
        Volume first = open();
        LiveRepair repair = first.beginRepair();
        repair.check(Progress.NONE);
        try (StoredFile file = first.open("/data")) {
            file.punch((long) PlantedVolume.DATA_BLOCKS * Block.SIZE, 90L * Block.SIZE);
        }
        first.checkpoint();
        LiveRepair.Applied applied = repair.apply(Progress.NONE, () -> {});
        repair.close();
        assertThat(applied.failure()).isEmpty();
        applied.volume().close();
        use(device.copy());
        Repairs.assertClean(device);
    }

    @Test
    void anUnreadableBitmapIsMadeAnewFromAllMetadata() throws Exception {
        flip(planter.bitmap(0));
        use(device.copy());
        Map<String, Integer> before = Repairs.content(device);
        Volume first = open();
        LiveRepair repair = first.beginRepair();
        repair.check(Progress.NONE);
        assertThat(repair.plan().isPossible()).isTrue();
        first.remove("/raw");
        first.checkpoint();
        LiveRepair.Applied applied = repair.apply(Progress.NONE, () -> {});
        repair.close();
        assertThat(applied.failure()).isEmpty();
        assertThat(applied.volume().check(Progress.NONE).problems()).isEmpty();
        applied.volume().close();
        use(device.copy());
        Repairs.assertClean(device);
        before.remove("/raw");
        assertThat(Repairs.content(device)).isEqualTo(before);
    }

    private void unmark(long block) throws HoldfastException {
        int bit = (int) (block & 0x7fff);
        planter.bitmap(block, bits -> bits[bit >>> 3] &= (byte) ~(1 << (bit & 7)));
        planter.superblock(
                bytes -> LittleEndian.putLong(bytes, ALLOCATED_AT, LittleEndian.getLong(bytes, ALLOCATED_AT) - 1));
    }

    /** A block in use was marked free, and a client got it since: nothing may be repaired that takes it from one of the two. */
    @Test
    void aBlockThatGotASecondOwnerSinceTheCheckIsFound() throws Exception {
        for (int i = 0; i < PlantedVolume.DATA_BLOCKS; i++) {
            unmark(planter.data(volume.data, i));
        }
        use(device.copy());
        Volume first = open();
        LiveRepair repair = first.beginRepair();
        repair.check(Progress.NONE);
        assertThat(repair.plan().isPossible()).isTrue();
        for (int i = 0; i < 50; i++) {
            write(first, "/second" + i, 9);
            first.checkpoint();
        }
        LiveRepair.Applied applied = repair.apply(Progress.NONE, () -> {});
        repair.close();
        assertThat(applied.failure()).hasValueSatisfying(e -> assertThat(e).hasMessageContaining("two owners"));
        assertThat(applied.done().isPossible()).isFalse();
        applied.volume().close();
    }

    @Test
    void blocksInUseThatWereMarkedFreeAreMarked() throws Exception {
        unmark(planter.data(volume.data, 7));
        use(device.copy());
        Map<String, Integer> before = Repairs.content(device);
        Volume first = open();
        LiveRepair repair = first.beginRepair();
        repair.check(Progress.NONE);
        LiveRepair.Applied applied = repair.apply(Progress.NONE, () -> {});
        repair.close();
        assertThat(applied.failure()).isEmpty();
        applied.volume().close();
        use(device.copy());
        Repairs.assertClean(device);
        assertThat(Repairs.content(device)).isEqualTo(before);
    }

    /** Each write of the repair fails once; the volume is there again, as it was. */
    @Test
    void aRepairThatFailsLeavesTheVolumeInUse() throws Exception {
        planter.leak(1);
        use(device.copy());
        Volume open = open();
        LiveRepair repair = open.beginRepair();
        repair.check(Progress.NONE);
        write(open, "/new", 3);
        LiveRepair.Applied applied = repair.apply(
                (done, total) -> {
                    if (done == 3) {
                        below.faultWrite(1, new Fault.Fail());
                    }
                },
                () -> {});
        repair.close();
        assertThat(applied.failure()).isPresent();
        assertThat(opened).isEqualTo(2);
        Volume again = applied.volume();
        assertThat(again.failure()).isEmpty();
        assertThat(read(again, "/new")).containsOnly(3);
        write(again, "/more", 4);
        again.sync();
        assertThat(again.check(Progress.NONE).problems()).hasSize(1);
        LiveRepair second = again.beginRepair();
        second.check(Progress.NONE);
        applied = second.apply(Progress.NONE, () -> {});
        second.close();
        assertThat(applied.failure()).isEmpty();
        assertThat(applied.volume().check(Progress.NONE).problems()).isEmpty();
        applied.volume().close();
        use(device.copy());
        Repairs.assertClean(device);
    }

    /** Each flush of the first opening fails once. Opening may have ended undoing by then; the volume is there again, repaired or as it was. */
    @Test
    void aVolumeThatOpensAtTheSecondTry() throws Exception {
        planter.leak(1);
        MemoryDevice damaged = device;
        boolean failed = true;
        boolean stayed = false;
        for (int flush = 1; failed; flush++) {
            use(damaged.copy());
            Volume open = open();
            opened = 0;
            LiveRepair repair = open.beginRepair();
            repair.check(Progress.NONE);
            failingFlush = flush;
            LiveRepair.Applied applied = repair.apply(Progress.NONE, () -> {});
            failingFlush = 0;
            repair.close();
            failed = opened > 1;
            if (applied.volume().failure().isPresent()) {
                break;
            }
            stayed |= failed && applied.failure().isEmpty();
            assertThat(applied.volume().check(Progress.NONE).clean())
                    .as("after flush %d", flush)
                    .isEqualTo(applied.failure().isEmpty());
            if (failed) {
                applied.volume().close();
            }
        }
        assertThat(stayed).as("opening ended undoing before it failed").isTrue();
    }

    /** The command that asked for it has gone. */
    @Test
    void aProgressThatThrowsEndsTheRepairAndNotTheVolume() throws Exception {
        planter.leak(1);
        use(device.copy());
        Volume open = open();
        LiveRepair repair = open.beginRepair();
        repair.check(Progress.NONE);
        LiveRepair.Applied applied = repair.apply(
                (done, total) -> {
                    if (done == 2) {
                        throw new IllegalStateException("gone");
                    }
                },
                () -> {});
        repair.close();
        assertThat(applied.failure()).isPresent();
        write(applied.volume(), "/goes on", 4);
        applied.volume().close();
    }

    // ---- a full host ----

    /** Opens the volume on a host that has room for what the volume has. */
    private Volume openOn(boolean canBeAsked) throws HoldfastException {
        MemoryDevice medium = device;
        BitSet taken = new BitSet();
        for (long block : medium.storedBlockNumbers()) {
            taken.set((int) block);
        }
        VolumeOnDevice.DeviceOpener opener = () -> {
            host = new FullHost(medium, taken, canBeAsked);
            opened++;
            return host;
        };
        return VolumeOnDevice.open(opener, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY), environment);
    }

    private interface Step {
        void run() throws HoldfastException;
    }

    private static void unchecked(Step step) {
        try {
            step.run();
        } catch (HoldfastException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void assertNoSpace(ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE));
    }

    /** The host had room when the repair began, and has none for what was acknowledged since. */
    @Test
    void withoutRoomForWhatWasAcknowledgedTheVolumeGoesOn() throws Exception {
        planter.leak(1);
        use(device.copy());
        Volume open = openOn(false);
        Thread applying = Thread.currentThread();
        AtomicReference<Thread> helper = new AtomicReference<>();
        LiveRepair repair = open.beginRepair();
        repair.check(Progress.NONE);
        assertNoSpace(() -> repair.apply(
                (done, total) -> {
                    if (done == 1) {
                        unchecked(() -> {
                            for (int i = 0; i < FILES; i++) {
                                write(open, "/in memory" + i, 7);
                            }
                            open.create("/small", CreateOptions.file()).close();
                        });
                        host.setFull(true);
                        helper.set(Thread.ofPlatform().start(() -> {
                            while (applying.getState() != Thread.State.WAITING) {
                                Thread.onSpinWait();
                            }
                            // Calls run again, though the host is still full.
                            unchecked(() -> open.status("/small"));
                            host.setFull(false);
                        }));
                    }
                },
                () -> {}));
        repair.close();
        helper.get().join();
        assertThat(opened).isEqualTo(1);
        assertThat(open.failure()).isEmpty();
        assertThat(read(open, "/in memory" + (FILES - 1))).containsOnly(7);
        open.sync();
        assertThat(read(open, "/in memory" + (FILES - 1))).containsOnly(7);
        assertThat(open.status("/small").size()).isZero();
        LiveRepair again = open.beginRepair();
        again.check(Progress.NONE);
        LiveRepair.Applied applied = again.apply(Progress.NONE, () -> {});
        again.close();
        assertThat(applied.failure()).isEmpty();
        assertThat(read(applied.volume(), "/in memory" + (FILES - 1))).containsOnly(7);
        applied.volume().close();
        use(device.copy());
        Repairs.assertClean(device);
    }

    /** A client's write has its place and no room. Nobody else waits behind it. */
    @Test
    void aCallThatWaitsForRoomEndsTheRepairAndKeepsNobodyWaiting() throws Exception {
        planter.leak(1);
        use(device.copy());
        Volume open = openOn(false);
        StoredFile file = open.create("/late", CreateOptions.file());
        open.sync();
        LiveRepair repair = open.beginRepair();
        repair.check(Progress.NONE);
        Thread applying = Thread.currentThread();
        CountDownLatch arrived = new CountDownLatch(1);
        AtomicBoolean begun = new AtomicBoolean();
        AtomicReference<Thread> writer = new AtomicReference<>();
        MemorySegment memory = Arena.ofShared().allocate(Block.SIZE, Block.SIZE).fill((byte) 8);
        host.beforeWrite(() -> {
            if (Thread.currentThread().equals(writer.get())) {
                arrived.countDown();
                while (!begun.get() || applying.getState() != Thread.State.TIMED_WAITING) {
                    Thread.onSpinWait();
                }
                host.setFull(true);
            }
        });
        assertNoSpace(() -> repair.apply(
                (done, total) -> {
                    if (done == 1) {
                        Thread write = Thread.ofPlatform()
                                .unstarted(() -> unchecked(() -> file.write(0, memory, Set.of(WriteFlag.DIRECT))));
                        writer.set(write);
                        write.start();
                        try {
                            arrived.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        begun.set(true);
                    }
                },
                () -> {}));
        repair.close();
        assertThat(opened).isEqualTo(1);
        assertThat(open.status("/late").size()).isNotNegative();
        host.beforeWrite(() -> {});
        host.setFull(false);
        writer.get().join();
        file.close();
        open.sync();
        LiveRepair again = open.beginRepair();
        again.check(Progress.NONE);
        LiveRepair.Applied applied = again.apply(Progress.NONE, () -> {});
        again.close();
        assertThat(applied.failure()).isEmpty();
        applied.volume().close();
        use(device.copy());
        Repairs.assertClean(device);
    }

    @Test
    void oneAtATime() throws Exception {
        Volume open = open();
        LiveRepair repair = open.beginRepair();
        assertThatThrownBy(open::beginRepair)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
        repair.check(Progress.NONE);
        RepairPlan plan = repair.plan();
        assertThat(plan.isPossible()).isFalse();
        assertThatThrownBy(() -> repair.apply(Progress.NONE, () -> {})).hasMessageContaining("nothing to repair");
        repair.close();
        open.beginRepair().close();
        open.close();
    }

    @Test
    void aVolumeThatIsClosedMeanwhile() throws Exception {
        planter.leak(1);
        use(device.copy());
        Volume open = open();
        LiveRepair repair = open.beginRepair();
        repair.check(Progress.NONE);
        open.close();
        assertThatThrownBy(() -> repair.apply(Progress.NONE, () -> {}))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
        repair.close();
        use(device.copy());
    }
}
