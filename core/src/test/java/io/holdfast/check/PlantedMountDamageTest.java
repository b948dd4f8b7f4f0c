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
import io.holdfast.volume.Progress;
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
            damaged.flipBit(mount.twin(), 9);
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

    private static void write(StoredFile file, int value) throws HoldfastException {
        file.write(0, MemorySegment.ofArray(new byte[4096]).fill((byte) value));
        file.flush();
    }

    /**
     * Mounts over a log of which the last record is dropped, since its data is not whole, and then loses one write: that of a copy of the
     * mount record over a copy of the dropped one.
     *
     * @param writes that are flushed in this mount
     */
    private void dropTheLastAndLoseOneCopyOfTheMount(boolean twin, int writes) throws HoldfastException {
        LogRecord last = new Planter(device).log().getLast();
        LogEntry.Extent data = last.entries().stream()
                .filter(LogEntry.Extent.class::isInstance)
                .map(LogEntry.Extent.class::cast)
                .findFirst()
                .orElseThrow();
        device.flipBit(data.block(), 9);
        long lost = twin ? last.twin() : last.block();
        byte[] stale = device.block(lost);
        try (FaultDevice faults = new FaultDevice(device, 1 << 20);
                Volume volume = VolumeOnDevice.open(faults, WRITING, InstantSource.system(), new Random(7));
                StoredFile file = volume.open("/f")) {
            assertThat(volume.recovery().droppedTail()).isTrue();
            for (int i = 1; i <= writes; i++) {
                write(file, i);
            }
            device = faults.imageAfterCrash(new CrashRule.DropAll());
        }
        assertThat(device.block(last.block())).as("the mount record is there").isNotEqualTo(stale);
        device.setBlock(lost, stale);
    }

    private byte[] readFile(Volume volume) throws HoldfastException {
        try (StoredFile file = volume.open("/f")) {
            byte[] bytes = new byte[4096];
            file.read(0, MemorySegment.ofArray(bytes));
            return bytes;
        }
    }

    @Test
    void oneCopyOfAMountRecordCountsOverTheRecordThatRecoveryDropped() throws HoldfastException {
        MemoryDevice before = device;
        for (boolean twin : new boolean[] {false, true}) {
            device = before.copy();
            dropTheLastAndLoseOneCopyOfTheMount(twin, 3);
            try (Volume volume = VolumeOnDevice.open(
                    device,
                    OpenOptions.reading().withMemory(OpenOptions.MIN_MEMORY),
                    InstantSource.system(),
                    new Random(8))) {
                assertThat(volume.check(Progress.NONE).problems())
                        .anySatisfy(problem -> assertThat(problem.toString()).contains("it has an older record"));
            }
            try (Volume volume = VolumeOnDevice.open(device.copy(), WRITING, InstantSource.system(), new Random(8))) {
                assertThat(readFile(volume)).containsOnly(3);
            }
        }
    }

    @Test
    void aMountWithoutAnyWriteCountsOverTheRecordThatRecoveryDropped() throws HoldfastException {
        dropTheLastAndLoseOneCopyOfTheMount(false, 0);
        try (FaultDevice faults = new FaultDevice(device, 1 << 20);
                Volume volume = VolumeOnDevice.open(faults, WRITING, InstantSource.system(), new Random(8));
                StoredFile file = volume.open("/f")) {
            assertThat(volume.recovery().droppedTail()).isFalse();
            write(file, 5);
            device = faults.imageAfterCrash(new CrashRule.DropAll());
        }
        try (Volume volume = VolumeOnDevice.open(device, WRITING, InstantSource.system(), new Random(9))) {
            assertThat(readFile(volume)).containsOnly(5);
            assertThat(volume.recovery().problems()).isEmpty();
        }
    }
}
