package io.holdfast.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.FaultDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobState;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The freeing of removed files, paused: it frees nothing unless somebody needs the space. */
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PausedReaperTest {
    private static final int BLOCK = 4096;
    private static final int MIB = 1 << 20;
    private static final int FILE = 12 * MIB;

    private final MemoryDevice device = new MemoryDevice("memory", 8192);

    @BeforeEach
    void format() throws HoldfastException {
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "", InstantSource.system(), new Random(1));
    }

    private Volume open() throws HoldfastException {
        return VolumeOnDevice.open(
                new FaultDevice(device, 0), OpenOptions.readWrite(), InstantSource.system(), new Random(2));
    }

    private static void fill(Volume volume, String path, int bytes) throws HoldfastException {
        try (StoredFile file = volume.create(path, CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(new byte[bytes]));
            file.flush();
        }
    }

    private static JobStatus reaper(Volume volume) throws HoldfastException {
        return volume.jobs().list().stream()
                .filter(job -> job.kind() == JobKind.REAP)
                .findFirst()
                .orElseThrow();
    }

    /** Waits until the space of what was removed is free. */
    private static void awaitUsed(Volume volume, long most) throws HoldfastException {
        while (volume.usage().used() > most) {
            volume.checkpoint();
        }
    }

    @Test
    void nothingIsFreedWhileItIsPaused() throws HoldfastException {
        try (Volume volume = open()) {
            long empty = volume.usage().used();
            fill(volume, "/f", FILE);
            volume.checkpoint();
            volume.jobs().pause(reaper(volume).id());
            volume.remove("/f");
            for (int i = 0; i < 5; i++) {
                volume.checkpoint();
            }
            assertThat(volume.usage().used()).isGreaterThan(FILE);
            assertThat(reaper(volume).state()).isEqualTo(JobState.PAUSED);
            volume.jobs().resume(reaper(volume).id());
            awaitUsed(volume, empty + MIB);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void whatWasCutOffIsNotFreedEither() throws HoldfastException {
        try (Volume volume = open();
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(new byte[FILE]));
            volume.checkpoint();
            volume.jobs().pause(reaper(volume).id());
            file.truncate(0);
            for (int i = 0; i < 5; i++) {
                volume.checkpoint();
            }
            assertThat(volume.usage().used()).isGreaterThan(FILE);
            volume.jobs().resume(reaper(volume).id());
            awaitUsed(volume, FILE / 2);
        }
    }

    @Test
    void whoNeedsTheSpaceGetsIt() throws HoldfastException {
        try (Volume volume = open()) {
            volume.jobs().pause(reaper(volume).id());
            volume.jobs().limit(reaper(volume).id(), 1);
            for (int i = 0; i < 12; i++) {
                fill(volume, "/f", FILE);
                volume.remove("/f");
            }
            assertThat(reaper(volume).state()).isEqualTo(JobState.PAUSED);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    /** By overwriting, too: the subtrees that were cut off are no orphans. */
    @Test
    void whoNeedsWhatWasCutOffGetsIt() throws HoldfastException {
        try (Volume volume = open();
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            volume.jobs().pause(reaper(volume).id());
            for (int i = 0; i < 12; i++) {
                file.write(0, MemorySegment.ofArray(new byte[FILE]));
                file.flush();
                volume.checkpoint();
                file.truncate(0);
            }
        }
        try (Volume volume = open()) {
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void aVolumeIsClosedWhateverIsPaused() throws HoldfastException {
        try (Volume volume = open()) {
            volume.jobs().pause(reaper(volume).id());
            for (int i = 0; i < 20; i++) {
                fill(volume, "/f" + i, 3 * BLOCK);
                volume.remove("/f" + i);
            }
        }
        try (Volume volume = open()) {
            awaitUsed(volume, MIB);
            assertThat(reaper(volume).state()).as("a pause outlasts a server").isEqualTo(JobState.PAUSED);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }
}
