package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.checkpoint.Superblocks;
import io.holdfast.checksum.Checksums;
import io.holdfast.concurrent.Timing;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.space.SpaceMap;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Bitmaps that cannot be read, for good or for a while, on a volume of many small groups: reading, removing, flushing,
 * checking, closing and opening go on, and what was removed there is leaked at worst.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UnreadableBitmapTest {
    private static final int GROUP_LOG2 = 7;
    private static final long BLOCKS = 6000;
    private static final int FILE_BLOCKS = 1600;

    private final Layout layout = new Layout(BLOCKS, GROUP_LOG2);
    private final MemoryDevice device = new MemoryDevice("memory", BLOCKS);
    private final Set<Long> unreadable = ConcurrentHashMap.newKeySet();
    /** How many more reads of an unreadable block fail. */
    private final AtomicInteger failures = new AtomicInteger(Integer.MAX_VALUE);

    /** Outlives the volume, and fails reads. */
    private final class Failing extends ForwardingDevice {
        Failing(Device below) {
            super(below);
        }

        @Override
        public void read(long block, MemorySegment target) throws HoldfastException {
            for (long b = block; b < block + target.byteSize() / 4096; b++) {
                if (unreadable.contains(b) && failures.getAndDecrement() > 0) {
                    throw new HoldfastException(ErrorCode.DEVICE_ERROR, "memory: cannot read block " + b);
                }
            }
            super.read(block, target);
        }

        @Override
        public void close() {}
    }

    private static VolumeOnDevice.Environment environment() {
        return new VolumeOnDevice.Environment(InstantSource.system(), new Random(1), Timing.SYSTEM, GROUP_LOG2);
    }

    private StoredVolume open(OpenOptions options) throws HoldfastException {
        return (StoredVolume)
                VolumeOnDevice.open(new Failing(device), options.withMemory(OpenOptions.MIN_MEMORY), environment());
    }

    private StoredVolume open() throws HoldfastException {
        return open(OpenOptions.readWrite());
    }

    @BeforeEach
    void fill() throws HoldfastException {
        VolumeOnDevice.format(new Failing(device), ChecksumAlgorithm.CRC32C, "test", environment());
        try (StoredVolume volume = open()) {
            FilledFiles.write(volume, "/keep", 200, 1);
            FilledFiles.write(volume, "/gone", FILE_BLOCKS, 2);
            FilledFiles.write(volume, "/keep too", 200, 3);
            volume.checkpoint();
        }
    }

    /** Returns the groups with few free blocks, of the closed volume: all of them hold data of the large file. */
    private List<Long> fullGroups() throws HoldfastException {
        List<Long> full = new ArrayList<>();
        try (BufferPool buffers = new BufferPool(2, 4)) {
            Superblock superblock = new Superblocks(new BlockStore(device), buffers, GROUP_LOG2)
                    .read()
                    .superblock();
            SpaceMap map = new SpaceMap(
                    layout,
                    device,
                    Checksums.byId(superblock.checksumId()),
                    (pointer, structure) -> device.block(pointer.block()),
                    buffers);
            map.load(superblock.spaceRoot(), superblock.generation(), (pointer, first, count, why) -> {
                throw why;
            });
            assertThat(map.allocated()).isEqualTo(superblock.allocatedBlocks());
            for (long group = 0; group < layout.groups(); group++) {
                if (map.free(group) < layout.groupBlocks() / 16) {
                    full.add(group);
                }
            }
        }
        assertThat(full).hasSizeGreaterThan(9);
        return full;
    }

    private void makeUnreadable(long group) {
        unreadable.add(layout.bitmapHome(group, 0));
        unreadable.add(layout.bitmapHome(group, 1));
    }

    private void rot(long group) {
        device.flipBit(layout.bitmapHome(group, 0), 99);
        device.flipBit(layout.bitmapHome(group, 1), 99);
    }

    private void assertLeaked(CheckReport report, long group) {
        long start = layout.groupStart(group);
        assertThat(report.problems())
                .anySatisfy(problem -> {
                    assertThat(problem.structure()).isEqualTo("space map");
                    assertThat(problem.block()).isIn(layout.bitmapHome(group, 0), layout.bitmapHome(group, 1));
                })
                .anySatisfy(problem -> assertThat(problem.message())
                        .contains("of the blocks %d to %d are marked in use".formatted(start, start + 127))
                        .contains("leaked")
                        .contains("no data is lost"))
                .hasSize(2);
    }

    @Test
    void whatIsRemovedBesideARottenBitmapIsLeakedAndAllElseWorks() throws Exception {
        long group = fullGroups().get(5);
        rot(group);
        try (StoredVolume volume = open()) {
            long before = volume.usage().free();
            volume.remove("/gone");
            Settled.settle(volume);
            assertThat(volume.failure()).isEmpty();
            assertThat(volume.usage().free() - before)
                    .as("all comes free but what one group has")
                    .isBetween((FILE_BLOCKS - 140) * 4096L, (FILE_BLOCKS - 60) * 4096L);
            FilledFiles.assertContent(volume, "/keep", 200, 1);
            assertLeaked(volume.check(Progress.NONE), group);
            FilledFiles.write(volume, "/new", 600, 4);
            volume.sync();
            TestVolumes.assertAtRest(volume);
        }
        try (StoredVolume volume = open()) {
            FilledFiles.assertContent(volume, "/new", 600, 4);
            volume.remove("/keep");
            FilledFiles.write(volume, "/newer", 600, 5);
            Settled.settle(volume);
            assertLeaked(volume.check(Progress.NONE), group);
            assertThat(volume.failure()).isEmpty();
        }
        try (StoredVolume volume = open(OpenOptions.reading())) {
            FilledFiles.assertContent(volume, "/keep too", 200, 3);
            FilledFiles.assertContent(volume, "/newer", 600, 5);
            assertLeaked(volume.check(Progress.NONE), group);
        }
    }

    @Test
    void aBitmapThatReadsWrongOnceIsReadAgain() throws Exception {
        for (long group : fullGroups()) {
            makeUnreadable(group);
        }
        try (StoredVolume volume = open()) {
            failures.set(1);
            volume.remove("/gone");
            Settled.settle(volume);
            assertThat(failures.get()).isNegative();
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void whatWasKeptIsFreedOnceTheBitmapCanBeRead() throws Exception {
        long group = fullGroups().get(5);
        makeUnreadable(group);
        try (StoredVolume volume = open()) {
            volume.remove("/gone");
            Settled.settle(volume);
            assertThat(volume.check(Progress.NONE).clean()).isFalse();
            long before = volume.usage().free();
            unreadable.clear();
            for (int i = 0; i < 40 && volume.usage().free() <= before + 60 * 4096; i++) {
                volume.checkpoint();
            }
            assertThat(volume.usage().free()).isGreaterThan(before + 60 * 4096);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
            FilledFiles.write(volume, "/new", FILE_BLOCKS, 4);
            FilledFiles.assertContent(volume, "/new", FILE_BLOCKS, 4);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void closingTriesAgain() throws Exception {
        makeUnreadable(fullGroups().get(5));
        try (StoredVolume volume = open()) {
            volume.remove("/gone");
            volume.awaitReaped();
            for (int i = 0; i < 10; i++) {
                volume.checkpoint();
            }
            unreadable.clear();
        }
        try (StoredVolume volume = open(OpenOptions.reading())) {
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void theBitmapOfAGroupInUseIsMendedByTheNextCheckpoint() throws Exception {
        try (StoredVolume volume = open()) {
            FilledFiles.write(volume, "/new", 300, 4);
            volume.checkpoint();
            for (long group = 0; group < layout.groups(); group++) {
                makeUnreadable(group);
            }
            // Some groups with free blocks are in memory, and are written to without a look at the device.
            FilledFiles.write(volume, "/newer", 20, 5);
            volume.checkpoint();
            assertThat(volume.failure()).isEmpty();
            unreadable.clear();
            Settled.settle(volume);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void manyUnreadableBitmapsAtOnceLatch() throws Exception {
        List<Long> groups = fullGroups();
        groups.forEach(this::makeUnreadable);
        StoredVolume volume = open();
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> {
                    volume.remove("/gone");
                    Settled.settle(volume);
                })
                .withMessageContaining("more of the space map cannot be read than rot explains")
                .withMessageContaining("open it read-only");
        assertThat(volume.failure()).isPresent();
        FilledFiles.assertContent(volume, "/keep", 200, 1);
        try {
            volume.close();
        } catch (HoldfastException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.FAILED);
        }
        unreadable.clear();
        try (StoredVolume again = open()) {
            Settled.settle(again);
            FilledFiles.assertContent(again, "/keep", 200, 1);
            // What left the trees there before that is owed no more once the volume was closed.
            assertThat(again.check(Progress.NONE).problems()).allSatisfy(problem -> {
                assertThat(problem.message()).contains("leaked");
                assertThat(groups).contains(layout.groupOf(problem.block()));
            });
        }
    }

    @Test
    void aGroupThatCannotBeReadForAWhileIsWrittenToAgain() throws Exception {
        long most = 0;
        try (StoredVolume volume = open();
                StoredFile file = volume.create("/new", CreateOptions.file())) {
            // All groups get a bitmap.
            most = fill(file);
        }
        List<Long> two = fullGroups().subList(20, 22);
        try (StoredVolume volume = open()) {
            volume.remove("/new");
            Settled.settle(volume);
        }
        two.forEach(this::makeUnreadable);
        try (StoredVolume volume = open();
                StoredFile file = volume.create("/new", CreateOptions.file())) {
            assertThat(fill(file)).isBetween(most - 300, most - 150);
            Settled.settle(volume);
            assertThat(fill(file)).isLessThan(most - 150);
            unreadable.clear();
            for (int i = 0; i < 40; i++) {
                volume.checkpoint();
            }
            assertThat(fill(file)).isGreaterThan(most - 50);
            assertThat(volume.failure()).isEmpty();
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    /** Writes a file from its beginning until the volume is full; returns how many blocks it took. */
    private static long fill(StoredFile file) throws HoldfastException {
        byte[] content = new byte[4096];
        file.truncate(0);
        for (long block = 0; ; block++) {
            try {
                file.write(block * 4096, MemorySegment.ofArray(content));
            } catch (HoldfastException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
                return block;
            }
        }
    }

    /** The log that is replayed has blocks in a group whose bitmap is rotten: all of the group counts as in use then. */
    @Test
    void aLogThatWroteThereIsReplayedAndGoesIntoACheckpoint() throws HoldfastException {
        MemoryDevice left;
        try (StoredVolume volume = open()) {
            volume.remove("/gone");
            Settled.settle(volume);
            FilledFiles.write(volume, "/new", 700, 4);
            left = device.copy();
        }
        int filled = 0;
        for (long group = 0; group < layout.groups(); group++) {
            unreadable.clear();
            unreadable.add(layout.bitmapHome(group, 0));
            unreadable.add(layout.bitmapHome(group, 1));
            MemoryDevice image = left.copy();
            try (StoredVolume volume = open(image)) {
                volume.checkpoint();
                FilledFiles.assertContent(volume, "/new", 700, 4);
                FilledFiles.write(volume, "/newer", 100, 5);
                volume.checkpoint();
                assertThat(volume.failure()).isEmpty();
                TestVolumes.assertAtRest(volume);
            }
            unreadable.clear();
            try (StoredVolume volume = open(image)) {
                CheckReport report = volume.check(Progress.NONE);
                assertThat(report.problems())
                        .as("group %d", group)
                        .allMatch(problem -> problem.structure().equals("space map")
                                && problem.message().contains("nothing points there"));
                filled += report.problems().isEmpty() ? 0 : 1;
                FilledFiles.assertContent(volume, "/new", 700, 4);
                FilledFiles.assertContent(volume, "/newer", 100, 5);
                FilledFiles.assertContent(volume, "/keep", 200, 1);
            }
        }
        assertThat(filled).isPositive();
    }

    private StoredVolume open(MemoryDevice image) throws HoldfastException {
        return (StoredVolume) VolumeOnDevice.open(
                new Failing(image), OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY), environment());
    }
}
