package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.device.CrashRule;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A log over which several mounts went on, each after a crash: the record in which one begins is damaged. */
class PlantedMountDamageTest {
    private static final OpenOptions WRITING = OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY);

    private MemoryDevice device;
    private List<LogRecord> mounts;

    @BeforeEach
    void makeVolume() throws HoldfastException {
        device = new MemoryDevice("image", 1 << 17);
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "", InstantSource.system(), new Random(1));
        for (int mount = 0; mount < 4; mount++) {
            try (FaultDevice faults = new FaultDevice(device, 1 << 20);
                    Volume volume = VolumeOnDevice.open(faults, WRITING, InstantSource.system(), new Random(mount));
                    StoredFile file = mount == 0 ? volume.create("/f", CreateOptions.file()) : volume.open("/f")) {
                for (int i = 0; i < 3; i++) {
                    file.write((mount * 3L + i) * 4096, MemorySegment.ofArray(new byte[4096]));
                    file.flush();
                }
                device = faults.imageAfterCrash(new CrashRule.DropAll());
            }
        }
        mounts = new Planter(device)
                .log().stream()
                        .filter(record -> record.entries().getFirst() instanceof LogEntry.Mount)
                        .toList();
        assertThat(mounts).hasSize(3);
    }

    @Test
    void damageInAnyOfThemIsKnownFromTheRecordsOfLaterMounts() throws HoldfastException {
        for (LogRecord mount : mounts) {
            MemoryDevice damaged = device.copy();
            damaged.flipBit(mount.block(), 9);
            assertThatExceptionOfType(HoldfastException.class)
                    .isThrownBy(
                            () -> VolumeOnDevice.open(damaged.copy(), WRITING, InstantSource.system(), new Random(9)))
                    .withMessageContaining("log record %d in block %d is damaged", mount.sequence(), mount.block())
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DAMAGED));
            try (Volume volume = VolumeOnDevice.open(
                    damaged,
                    OpenOptions.reading().withMemory(OpenOptions.MIN_MEMORY),
                    InstantSource.system(),
                    new Random(9))) {
                assertThat(volume.recovery().problems()).isNotEmpty();
                assertThat(volume.recovery().durableThrough()).isEqualTo(mount.sequence() - 1);
            }
        }
    }

    @Test
    void oneThatIsNotDurableIsWrittenAgain() throws HoldfastException {
        MemoryDevice before = device.copy();
        try (FaultDevice faults = new FaultDevice(device, 1 << 20);
                Volume volume = VolumeOnDevice.open(faults, WRITING, InstantSource.system(), new Random(5))) {
            assertThat(volume.recovery().clean()).isFalse();
            // Nothing but the record of the mount was written: without it the volume is as it was.
            device = before;
        }
        try (Volume volume = VolumeOnDevice.open(device, WRITING, InstantSource.system(), new Random(6));
                StoredFile file = volume.open("/f")) {
            assertThat(file.size()).isEqualTo(12 * 4096);
            assertThat(volume.recovery().problems()).isEmpty();
        }
    }
}
