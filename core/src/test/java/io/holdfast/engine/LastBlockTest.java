package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.concurrent.Timing;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A volume filled to the last block by data, by names, or by the log beside full data: its usage says so, and removing,
 * punching, flushing, checking, closing and opening work.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LastBlockTest {
    private static final MemorySegment BLOCK = MemorySegment.ofArray(new byte[4096]);
    private static final int SMALL_GROUPS = Layout.GROUP_LOG2_MIN;

    private enum Filler {
        DATA,
        SCATTERED_DATA,
        NAMES,
        LOG
    }

    private static VolumeOnDevice.Environment environment(int groupLog2) {
        return new VolumeOnDevice.Environment(InstantSource.system(), new Random(1), Timing.SYSTEM, groupLog2);
    }

    private static StoredVolume open(MemoryDevice device, int groupLog2) throws HoldfastException {
        return (StoredVolume) VolumeOnDevice.open(
                TestVolumes.through(device),
                OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY),
                environment(groupLog2));
    }

    private static MemoryDevice formatted(int groupLog2) throws HoldfastException {
        MemoryDevice device = new MemoryDevice("memory", 4096);
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "test", environment(groupLog2));
        return device;
    }

    /** While the usage says that there is room, a write of a block finds some, however deep its map. */
    @ParameterizedTest
    @ValueSource(ints = {SMALL_GROUPS, Layout.GROUP_LOG2})
    void usageSaysThatThereIsRoomOnlyIfThereIs(int groupLog2) throws Exception {
        MemoryDevice device = formatted(groupLog2);
        try (StoredVolume volume = open(device, groupLog2);
                StoredFile flat = volume.create("/flat", CreateOptions.file());
                StoredFile deep = volume.create("/deep", CreateOptions.file())) {
            // The nodes of these make the map of the second file seven levels high.
            deep.write(Long.MAX_VALUE & -4096L, BLOCK);
            for (long block = 0; volume.usage().free() > 0; block++) {
                deep.write(block << 40, BLOCK);
            }
            // What was promised to these writes and not needed came free again.
            long before = -1;
            while (flat.size() > before) {
                before = flat.size();
                fill(flat, 4096);
                volume.checkpoint();
            }
            assertThat(volume.usage().free()).isZero();
            volume.sync();
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    /** What the usage of an empty volume says can be written in a row can be. */
    @ParameterizedTest
    @ValueSource(ints = {SMALL_GROUPS, Layout.GROUP_LOG2})
    void allThatIsFreeCanBeWrittenInARow(int groupLog2) throws Exception {
        try (StoredVolume volume = open(formatted(groupLog2), groupLog2);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            volume.checkpoint();
            long blocks = volume.usage().free() / 4096;
            for (long block = 0; block < blocks; block++) {
                file.write(block * 4096, BLOCK);
            }
            file.flush();
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aVolumeOfOneGroupCanBeUsedAndEmptied(Filler filler) throws Exception {
        isUsedAndEmptied(filler, Layout.GROUP_LOG2);
    }

    @ParameterizedTest
    @EnumSource
    void aVolumeOfManyGroupsCanBeUsedAndEmptied(Filler filler) throws Exception {
        isUsedAndEmptied(filler, SMALL_GROUPS);
    }

    private void isUsedAndEmptied(Filler filler, int groupLog2) throws Exception {
        MemoryDevice device = formatted(groupLog2);
        long empty;
        try (StoredVolume volume = open(device, groupLog2)) {
            volume.checkpoint();
            empty = volume.usage().free();
            writeFile(volume, "/keep", 100);
            writeFile(volume, "/punched", 300);
            fill(volume, filler);
            assertFull(volume);
            volume.sync();
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
            assertFull(volume);
        }
        try (StoredVolume volume = open(device, groupLog2)) {
            assertThat(volume.recovery().clean()).isTrue();
            assertFull(volume);
            try (StoredFile punched = volume.open("/punched")) {
                punched.punch(100 * 4096, 100 * 4096);
                punched.flush();
                punched.truncate(250 * 4096);
                punched.flush();
            }
            writeFile(volume, "/small", 20);
            fill(volume, filler);
            assertFull(volume);
        }
        try (StoredVolume volume = open(device, groupLog2)) {
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
            removeAll(volume);
            long most = empty - 164 * 4096L;
            // Each checkpoint frees a bounded part of what was removed.
            for (int i = 0; i < 1000 && volume.usage().free() < most; i++) {
                volume.checkpoint();
            }
            assertThat(volume.usage().free()).isGreaterThanOrEqualTo(most);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
            TestVolumes.assertAtRest(volume);
            assertThat(volume.failure()).isEmpty();
        }
    }

    private static void writeFile(StoredVolume volume, String path, int blocks) throws HoldfastException {
        try (StoredFile file = volume.create(path, CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(new byte[blocks * 4096]));
            file.flush();
        }
    }

    private static void fill(StoredVolume volume, Filler filler) throws HoldfastException {
        String path = "/fill" + System.nanoTime();
        try (StoredFile file = volume.create(path, CreateOptions.file())) {
            switch (filler) {
                case DATA -> fill(file, 4096);
                case SCATTERED_DATA -> fill(file, 1L << 33);
                case NAMES -> {
                    file.allocate(0, volume.usage().free() * 3 / 4 / 4096 * 4096);
                    fillWithNames(volume, path);
                    fill(file, 4096);
                }
                case LOG -> {
                    // What is written again and again leaves blocks to the log that only a checkpoint makes free.
                    fill(file, 4096);
                    overwrite(volume, file);
                    fill(file, 4096);
                }
            }
        } catch (HoldfastException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
        }
    }

    private static void fill(StoredFile file, long distance) throws HoldfastException {
        long offset = Math.ceilDiv(file.size(), 4096) * 4096;
        while (true) {
            try {
                file.write(offset, BLOCK);
                offset += distance;
            } catch (HoldfastException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
                return;
            }
        }
    }

    private static void fillWithNames(StoredVolume volume, String prefix) throws HoldfastException {
        try {
            for (int i = 0; ; i++) {
                volume.create(prefix + "n".repeat(200) + i, CreateOptions.file())
                        .close();
            }
        } catch (HoldfastException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
        }
    }

    private static void overwrite(StoredVolume volume, StoredFile file) throws HoldfastException {
        for (int i = 0; i < 2000; i++) {
            try {
                file.write(i % 50 * 4096L, BLOCK, Set.of(WriteFlag.FUA));
            } catch (HoldfastException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
            }
            file.truncate(file.size());
            file.flush();
        }
        assertThat(volume.failure()).isEmpty();
    }

    private static void assertFull(StoredVolume volume) throws HoldfastException {
        assertThat(volume.failure()).isEmpty();
        assertThat(volume.usage().free()).isLessThan(40 * 4096);
        try (StoredFile file = volume.open("/keep")) {
            assertThatExceptionOfType(HoldfastException.class)
                    .isThrownBy(() -> {
                        for (int block = 0; block < 60; block++) {
                            file.write((1L << 30) + block * 4096L, BLOCK);
                        }
                    })
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE));
            assertThat(volume.usage().free()).isZero();
            file.truncate(100 * 4096);
        }
    }

    private static void removeAll(StoredVolume volume) throws HoldfastException {
        while (true) {
            var names = volume.list("/", "", 100);
            boolean any = false;
            for (var entry : names) {
                if (!entry.name().equals("keep")) {
                    volume.remove("/" + entry.name());
                    any = true;
                }
            }
            if (!any) {
                return;
            }
        }
    }
}
