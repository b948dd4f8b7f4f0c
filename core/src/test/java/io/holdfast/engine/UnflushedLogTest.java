package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.CrashRule;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** A client that never flushes: what recovery must read and verify is bounded all the same. */
class UnflushedLogTest {
    private static final int MIB = 1 << 20;
    private static final int VOLUME_MIB = 64;
    private static final int WRITTEN_MIB = 30;

    @Test
    void mostOfALogThatNobodyFlushedIsDurable() throws HoldfastException {
        MemoryDevice left;
        MemoryDevice device = TestVolumes.formatted(VOLUME_MIB);
        long flushes;
        try (FaultDevice faults = new FaultDevice(device, 1 << 20);
                StoredVolume volume = TestVolumes.open(faults, 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.flush();
            flushes = volume.counters().deviceFlushes();
            byte[] piece = new byte[MIB];
            for (int i = 0; i < WRITTEN_MIB; i++) {
                Arrays.fill(piece, (byte) (i + 1));
                file.write((long) i * MIB, MemorySegment.ofArray(piece));
            }
            flushes = volume.counters().deviceFlushes() - flushes;
            left = faults.imageAfterCrash(new CrashRule.DropAll());
        }
        // An eighth of the volume may be unflushed. Checkpoints flush, too.
        assertThat(flushes).isBetween((long) WRITTEN_MIB / (VOLUME_MIB / 8) - 1, 4L * WRITTEN_MIB / (VOLUME_MIB / 8));
        try (StoredVolume volume = TestVolumes.open(left, 2);
                StoredFile file = volume.open("/f")) {
            byte[] read = new byte[1];
            int durable = 0;
            for (int i = 0; i < WRITTEN_MIB; i++) {
                file.read((long) i * MIB, MemorySegment.ofArray(read));
                durable += read[0] == (byte) (i + 1) ? 1 : 0;
            }
            assertThat(durable).isGreaterThanOrEqualTo(WRITTEN_MIB - VOLUME_MIB / 8 - 2);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }
}
