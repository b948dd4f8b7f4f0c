package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.device.CrashRule;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeGrowth;
import io.holdfast.volume.VolumeInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Volumes that grow: in steps over all shapes of groups and of the group table, beside writers, and over crashes. */
@Timeout(300)
class GrowTest {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final long TIB = 1L << 40;
    private static final long GROUP = (1L << Layout.GROUP_LOG2) * Block.SIZE;
    private static final long MEMORY = 64 << 20;

    private static byte[] content(long seed, int blocks) {
        byte[] bytes = new byte[blocks * Block.SIZE];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static void put(Volume volume, String path, byte[] content) throws HoldfastException {
        try (StoredFile file = volume.create(path, CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(content));
            file.flush();
        }
    }

    private static void requireContent(Volume volume, String path, byte[] content) throws HoldfastException {
        try (StoredFile file = volume.open(path)) {
            byte[] read = new byte[content.length];
            file.read(0, MemorySegment.ofArray(read));
            assertThat(read).as(path).isEqualTo(content);
        }
    }

    private static MemoryDevice formatted(long bytes) throws HoldfastException {
        MemoryDevice device = new MemoryDevice("memory", bytes / Block.SIZE);
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "growing", InstantSource.system(), new Random(1));
        return device;
    }

    private static StoredVolume open(MemoryDevice device, long seed) throws HoldfastException {
        return TestVolumes.open(TestVolumes.through(device), MEMORY, seed);
    }

    private static StoredVolume openReadOnly(MemoryDevice device) throws HoldfastException {
        return (StoredVolume) VolumeOnDevice.open(
                TestVolumes.through(device),
                OpenOptions.reading().withMemory(MEMORY),
                InstantSource.system(),
                new Random(1));
    }

    private static void requireClean(Volume volume) throws HoldfastException {
        assertThat(volume.check(Progress.NONE).problems()).isEmpty();
    }

    /** Both sides of each edge: a last group that is left out, the copies of the superblock, the levels of the table. */
    private static final List<Long> STEPS = List.of(
            16 * MIB + Block.SIZE,
            100 * MIB,
            GROUP,
            GROUP + 36 * Block.SIZE,
            GROUP + 37 * Block.SIZE,
            GROUP + 90 * MIB,
            8 * GROUP,
            8 * GROUP + 36 * Block.SIZE,
            9 * GROUP - Block.SIZE,
            60 * GROUP + MIB,
            65 * GROUP,
            128 * GROUP,
            129 * GROUP + Block.SIZE,
            GIB * 1024,
            4 * TIB - GROUP + MIB,
            4 * TIB,
            4 * TIB + GROUP,
            4097L * GIB + 17 * MIB,
            15 * TIB);

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void growsInStepsFromTheSmallestToFifteenTebibytes(boolean reopen) throws HoldfastException {
        MemoryDevice device = formatted(16 * MIB);
        StoredVolume volume = open(device, 1);
        VolumeInfo info = volume.info();
        put(volume, "/0", content(0, 300));
        long before = 16 * MIB;
        for (int step = 0; step < STEPS.size(); step++) {
            long size = STEPS.get(step);
            long used = volume.usage().used();
            assertThat(volume.grow(size)).isEqualTo(new VolumeGrowth(before, size));
            assertThat(volume.grow(size)).isEqualTo(new VolumeGrowth(size, size));
            before = size;
            assertThat(volume.info().size()).isEqualTo(size);
            assertThat(volume.info().label()).isEqualTo(info.label());
            assertThat(volume.info().uuid()).isEqualTo(info.uuid());
            assertThat(volume.usage().total()).isEqualTo(size);
            assertThat(volume.usage().used()).isGreaterThanOrEqualTo(used);
            requireClean(volume);
            if (reopen) {
                volume.close();
                try (StoredVolume closed = openReadOnly(device)) {
                    assertThat(closed.recovery().problems()).isEmpty();
                    requireClean(closed);
                }
                volume = open(device, step);
                assertThat(volume.recovery().problems()).isEmpty();
            }
            put(volume, "/" + (step + 1), content(step + 1, 300));
        }
        for (int i = 0; i <= STEPS.size(); i++) {
            requireContent(volume, "/" + i, content(i, 300));
        }
        requireClean(volume);
        TestVolumes.assertAtRest(volume);
        volume.close();
        requireSameAsFormatted(device);
    }

    /** The volume has the same places as one that was made so large. */
    private static void requireSameAsFormatted(MemoryDevice device) throws HoldfastException {
        Layout layout = new Layout(device.blocks());
        for (int copy = 0; copy < layout.superblockCopies(); copy++) {
            for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
                long block = layout.superblock(copy, slot);
                assertThat(Superblock.decode(device.block(block), block, "memory")
                                .blocks())
                        .isEqualTo(device.blocks());
            }
        }
    }

    /** All that is added can be written to. */
    @ParameterizedTest
    @CsvSource({"16, 17", "16, 128", "100, 129", "127, 140", "130, 200"})
    void aFullVolumeHasRoomAgain(long before, long after) throws HoldfastException {
        MemoryDevice device = formatted(before * MIB);
        try (StoredVolume volume = open(device, 1);
                StoredFile file = volume.create("/file", CreateOptions.file())) {
            long small = fill(file, 0);
            assertThat(volume.usage().free()).isLessThan(MIB);
            volume.grow(after * MIB);
            assertThat(volume.usage().free()).isGreaterThan((after - before) * MIB * 9 / 10 - MIB);
            long large = fill(file, small);
            // A part of the volume is kept back: 1/64 in a large one.
            assertThat(large - small).isGreaterThan((after - before) * MIB * 9 / 10 - MIB);
            requireClean(volume);
            TestVolumes.assertAtRest(volume);
        }
        try (StoredVolume volume = open(device, 2)) {
            requireClean(volume);
        }
    }

    /** Writes until the volume is full; returns where that is. */
    private static long fill(StoredFile file, long from) throws HoldfastException {
        MemorySegment block = Arena.ofAuto().allocate(256 << 10, Block.SIZE);
        for (long at = from; ; at += block.byteSize()) {
            try {
                block.fill((byte) (at >>> 18 | 1));
                file.write(at, block);
            } catch (HoldfastException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
                file.flush();
                return at;
            }
        }
    }

    @Test
    void growsBesideWriters() throws Exception {
        MemoryDevice device = formatted(40 * MIB);
        try (StoredVolume volume = open(device, 1)) {
            AtomicBoolean stop = new AtomicBoolean();
            List<Throwable> failures = new ArrayList<>();
            List<Thread> writers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int number = i;
                StoredFile file = volume.create("/w" + i, CreateOptions.file());
                writers.add(Thread.ofPlatform().start(() -> {
                    try (file) {
                        write(file, number, stop);
                    } catch (HoldfastException | RuntimeException | Error e) {
                        synchronized (failures) {
                            failures.add(e);
                        }
                    }
                }));
            }
            for (long size = 41 * MIB; size < 3 * GIB; size = size * 5 / 4 / Block.SIZE * Block.SIZE) {
                assertThat(volume.grow(size).after()).isEqualTo(size);
                volume.usage();
            }
            stop.set(true);
            for (Thread writer : writers) {
                writer.join();
            }
            assertThat(failures).isEmpty();
            requireClean(volume);
            TestVolumes.assertAtRest(volume);
        }
        try (StoredVolume volume = open(device, 2)) {
            requireClean(volume);
        }
    }

    /** Writes and reads back, in a file of 4 MiB. */
    private static void write(StoredFile file, int number, AtomicBoolean stop) throws HoldfastException {
        Random random = new Random(number);
        byte[][] expected = new byte[16][];
        while (!stop.get()) {
            int slot = random.nextInt(expected.length);
            byte[] data = content(random.nextLong(), 64);
            file.write((long) slot * data.length, MemorySegment.ofArray(data));
            expected[slot] = data;
            if (random.nextInt(3) == 0) {
                file.flush();
            }
            int other = random.nextInt(expected.length);
            byte[] wanted = expected[other];
            if (wanted != null) {
                byte[] read = new byte[wanted.length];
                file.read((long) other * wanted.length, MemorySegment.ofArray(read));
                assertThat(read).isEqualTo(wanted);
            }
        }
    }

    // ---- crashes ----

    /**
     * Cuts the power after each write and flush. Copies of the superblock are added in all cases but the first, and the
     * table gets a level in the last. The device may have more than the volume, and there an older state of this very
     * volume that seems newer.
     */
    @ParameterizedTest
    @CsvSource({"16, 100, false", "100, 300, false", "100, 1100, true", "8000, 8400, true", "16300, 16600, false"})
    void aCrashLeavesTheOldSizeOrTheNew(long before, long after, boolean stale) throws HoldfastException {
        MemoryDevice device = formatted(before * MIB);
        byte[] content = content(1, 700);
        try (StoredVolume volume = open(device, 1)) {
            put(volume, "/a", content);
            put(volume, "/gone", content(2, 300));
        }
        if (stale) {
            plantStale(device, after * MIB);
        }
        FaultDevice faulty = new FaultDevice(device);
        List<MemoryDevice> images = new ArrayList<>();
        List<Boolean> kills = new ArrayList<>();
        Random random = new Random(3);
        try (StoredVolume volume = TestVolumes.open(faulty, MEMORY, 2)) {
            volume.remove("/gone");
            put(volume, "/b", content);
            faulty.setHook(new IoHook() {
                @Override
                public void after(Operation operation, long block, long blocks) {
                    if (operation == Operation.READ) {
                        return;
                    }
                    try {
                        for (int i = 0; i < 4; i++) {
                            int rule = i;
                            images.add(faulty.imageAfterCrash(unflushed -> rule(rule, unflushed, random)));
                            kills.add(rule == 0);
                        }
                    } catch (HoldfastException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
            volume.grow(after * MIB);
            faulty.setHook(IoHook.NONE);
            put(volume, "/c", content);
            images.add(faulty.imageAfterCrash(new CrashRule.DropAll()));
            kills.add(false);
        }
        boolean grown = false;
        for (int i = 0; i < images.size(); i++) {
            grown |= requireSound(images.get(i), kills.get(i), before * MIB, after * MIB, content);
        }
        assertThat(grown).isTrue();
        try (StoredVolume volume = open(images.getLast(), 5)) {
            assertThat(volume.info().size()).isEqualTo(after * MIB);
            requireContent(volume, "/c", content);
        }
    }

    private static CrashRule rule(int which, int unflushed, Random random) {
        return switch (which) {
            // What kill -9 leaves.
            case 0 -> new CrashRule.KeepAll();
            case 1 -> new CrashRule.DropAll();
            case 2 -> new CrashRule.RandomSubset(random.nextLong());
            default -> unflushed == 0 ? new CrashRule.KeepAll() : new CrashRule.KeepOne(random.nextInt(unflushed));
        };
    }

    /** Puts superblocks of this volume, with a far newer generation, where a larger one has its copies. */
    private static void plantStale(MemoryDevice device, long bytes) throws HoldfastException {
        Superblock newest = Superblock.decode(device.block(0), 0, "memory");
        Layout layout = new Layout(bytes / Block.SIZE);
        int before = new Layout(device.blocks()).superblockCopies();
        device.grow(layout.blocks());
        assertThat(layout.superblockCopies()).isGreaterThan(before);
        for (int copy = before; copy < layout.superblockCopies(); copy++) {
            for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
                long block = layout.superblock(copy, slot);
                Superblock later = newest;
                for (int i = 0; i < 1000 + slot; i++) {
                    later = later.next(later.treeRoot(), later.spaceRoot(), later.log(), 1, 0, 0, true);
                }
                device.setBlock(block, later.withBlocks(layout.blocks()).encode(block));
            }
        }
    }

    /** Opens an image, in all ways; returns whether it has grown. */
    private static boolean requireSound(MemoryDevice image, boolean kill, long before, long after, byte[] content)
            throws HoldfastException {
        try (StoredVolume volume = openReadOnly(image)) {
            if (kill) {
                assertThat(volume.recovery().problems()).isEmpty();
                requireClean(volume);
            }
            requireContent(volume, "/a", content);
            requireContent(volume, "/b", content);
        }
        long size;
        try (StoredVolume volume = open(image.copy(), 4)) {
            size = volume.info().size();
            assertThat(size).isIn(before, after);
            requireContent(volume, "/a", content);
            requireContent(volume, "/b", content);
            requireClean(volume);
            volume.grow(after);
            put(volume, "/d", content);
            requireClean(volume);
        }
        return size == after;
    }

    // ---- refusals ----

    private static void assertRefused(StoredVolume volume, long size, ErrorCode code, String message)
            throws HoldfastException {
        VolumeInfo info = volume.info();
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> volume.grow(size))
                .satisfies(e -> assertThat(e.code()).isEqualTo(code))
                .withMessageContaining(message);
        assertThat(volume.info()).isEqualTo(info);
        assertThat(volume.failure()).isEmpty();
        put(volume, "/after " + size, content(1, 1));
    }

    @Test
    void refusesWhatCannotBe() throws HoldfastException {
        MemoryDevice device = formatted(20 * MIB);
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1)) {
            assertRefused(volume, 20 * MIB - 1, ErrorCode.INVALID, "cannot shrink");
            assertRefused(volume, 1, ErrorCode.INVALID, "cannot shrink");
            assertRefused(volume, (1L << 56) + Block.SIZE, ErrorCode.INVALID, "too large");
            assertRefused(volume, -1, ErrorCode.INVALID, "too large");
            assertRefused(volume, 256 * TIB, ErrorCode.NO_MEMORY, "of memory for its groups alone");
            assertThat(volume.grow(0)).isEqualTo(new VolumeGrowth(20 * MIB, 20 * MIB));
            assertThat(volume.grow(20 * MIB + 4095)).isEqualTo(new VolumeGrowth(20 * MIB, 20 * MIB));
            assertThat(device.blocks()).isEqualTo(20 * MIB / Block.SIZE);
        }
        try (StoredVolume volume = openReadOnly(device)) {
            assertThatExceptionOfType(HoldfastException.class)
                    .isThrownBy(() -> volume.grow(30 * MIB))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.READ_ONLY));
        }
    }

    @Test
    void takesWhatTheDeviceHas() throws HoldfastException {
        MemoryDevice device = formatted(20 * MIB);
        try (StoredVolume volume = open(device, 1)) {
            device.grow(50 * MIB / Block.SIZE);
            assertThat(volume.grow(30 * MIB)).isEqualTo(new VolumeGrowth(20 * MIB, 30 * MIB));
            assertThat(volume.grow(0)).isEqualTo(new VolumeGrowth(30 * MIB, 50 * MIB));
            requireClean(volume);
        }
    }

    /** A device that fails while the volume grows latches it; the next opening finds one size or the other. */
    @Test
    void aDeviceThatFailsLatches() throws HoldfastException {
        for (int nth = 1; ; nth++) {
            MemoryDevice device = formatted(100 * MIB);
            FaultDevice faulty = new FaultDevice(device, 0);
            StoredVolume volume = TestVolumes.open(faulty, MEMORY, 1);
            put(volume, "/a", content(1, 100));
            faulty.faultWrite(nth, new io.holdfast.device.Fault.Fail());
            boolean failed = false;
            try {
                volume.grow(300 * MIB);
            } catch (HoldfastException e) {
                failed = true;
                assertThat(e.code()).isEqualTo(ErrorCode.FAILED);
                requireContent(volume, "/a", content(1, 100));
            }
            faulty.clearFaults();
            try {
                volume.close();
            } catch (HoldfastException e) {
                assertThat(failed).isTrue();
            }
            try (StoredVolume again = open(device, 2)) {
                assertThat(again.info().size()).isIn(100 * MIB, 300 * MIB);
                requireContent(again, "/a", content(1, 100));
                requireClean(again);
            }
            if (!failed) {
                assertThat(nth).isGreaterThan(4);
                return;
            }
        }
    }
}
