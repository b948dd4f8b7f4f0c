package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.FaultDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A file that nobody sees until it is whole: what imports write. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UnnamedFileTest {
    private static final int MIB = 1 << 20;

    private static MemorySegment data(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return MemorySegment.ofArray(bytes);
    }

    private static void fill(StoredFile file, int mebibytes) throws HoldfastException {
        for (int i = 0; i < mebibytes; i++) {
            file.write((long) i * MIB, data(MIB, i + 1));
        }
    }

    private static void assertFilled(StoredVolume volume, String path, int mebibytes) throws HoldfastException {
        try (StoredFile file = volume.open(path)) {
            assertThat(file.size()).isEqualTo((long) mebibytes * MIB);
            for (int i = 0; i < mebibytes; i++) {
                byte[] read = new byte[MIB];
                file.read((long) i * MIB, MemorySegment.ofArray(read));
                assertThat(MemorySegment.ofArray(read).mismatch(data(MIB, i + 1)))
                        .isEqualTo(-1);
            }
        }
    }

    private static void assertClean(StoredVolume volume) throws HoldfastException {
        assertThat(volume.check(Progress.NONE).problems()).isEmpty();
    }

    /** More than the memory of the volume, so that much of it is on the device before it has a name. */
    @Test
    void aNamedFileIsWholeAfterACrash() throws HoldfastException {
        MemoryDevice device = TestVolumes.formatted(128);
        MemoryDevice crashed;
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 2);
                StoredFile file = volume.createUnnamed(CreateOptions.file())) {
            fill(file, 40);
            file.flush();
            volume.checkpoint();
            volume.link(file, "/f", false);
            volume.sync();
            crashed = device.copy();
        }
        try (StoredVolume volume = TestVolumes.open(crashed, 3)) {
            assertFilled(volume, "/f", 40);
            assertClean(volume);
        }
        try (StoredVolume volume = TestVolumes.open(device, 3)) {
            assertFilled(volume, "/f", 40);
            assertClean(volume);
        }
    }

    @Test
    void withoutANameNothingIsLeftOfItAfterACrash() throws HoldfastException {
        MemoryDevice device = TestVolumes.formatted(128);
        long before;
        MemoryDevice crashed;
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 2)) {
            before = volume.usage().used();
            try (StoredFile file = volume.createUnnamed(CreateOptions.file())) {
                fill(file, 20);
                file.flush();
                volume.checkpoint();
                assertThat(volume.usage().used()).isGreaterThan(before + 19 * MIB);
                assertThat(volume.list("/", "", 10)).isEmpty();
                assertClean(volume);
                crashed = device.copy();
            }
        }
        for (MemoryDevice left : new MemoryDevice[] {crashed, device}) {
            try (StoredVolume volume = TestVolumes.open(left, 3)) {
                // Orphans are freed in the background, and their blocks with a checkpoint; the check asks for all of
                // it.
                while (volume.usage().used() > before + MIB) {
                    volume.checkpoint();
                }
                assertThat(volume.list("/", "", 10)).isEmpty();
                assertClean(volume);
            }
        }
    }

    @Test
    void onlyAFileThatIsOpenHereCanBeNamed() throws HoldfastException {
        try (StoredVolume volume = TestVolumes.open(TestVolumes.formatted(16), 2);
                StoredVolume other = TestVolumes.open(TestVolumes.formatted(16), 2)) {
            StoredFile closed = volume.createUnnamed(CreateOptions.file());
            closed.close();
            assertFails(ErrorCode.CLOSED, volume, closed);
            try (StoredFile foreign = other.createUnnamed(CreateOptions.file())) {
                assertFails(ErrorCode.CLOSED, volume, foreign);
            }
            try (StoredFile named = volume.create("/named", CreateOptions.file())) {
                assertFails(ErrorCode.INVALID, volume, named);
            }
        }
    }

    private static void assertFails(ErrorCode code, StoredVolume volume, StoredFile file) {
        assertThatThrownBy(() -> volume.link(file, "/f", true))
                .isInstanceOf(HoldfastException.class)
                .satisfies(e -> assertThat(((HoldfastException) e).code()).isEqualTo(code));
    }

    /** The reaper may find an orphan just before it gets its name and is closed: then it must not free it. */
    @Test
    void theReaperSparesWhatHasGotAName() throws HoldfastException, InterruptedException {
        MemoryDevice device = TestVolumes.formatted(64);
        int files = 300;
        AtomicBoolean done = new AtomicBoolean();
        try (FaultDevice through = TestVolumes.through(device);
                StoredVolume volume = TestVolumes.open(through, 2)) {
            Thread waker = Thread.ofPlatform().start(() -> wakeReaper(volume, done));
            for (int i = 0; i < files; i++) {
                try (StoredFile file = volume.createUnnamed(CreateOptions.file())) {
                    file.write(0, data(4096, i + 1));
                    volume.link(file, "/f" + i, false);
                }
            }
            done.set(true);
            waker.join();
            for (int i = 0; i < files; i++) {
                byte[] read = new byte[4096];
                try (StoredFile file = volume.open("/f" + i)) {
                    assertThat(file.read(0, MemorySegment.ofArray(read))).isEqualTo(4096);
                }
                assertThat(MemorySegment.ofArray(read).mismatch(data(4096, i + 1)))
                        .isEqualTo(-1);
            }
            assertClean(volume);
        }
    }

    private static void wakeReaper(StoredVolume volume, AtomicBoolean done) {
        try {
            while (!done.get()) {
                volume.createUnnamed(CreateOptions.file()).close();
            }
        } catch (HoldfastException e) {
            throw new IllegalStateException(e);
        }
    }
}
