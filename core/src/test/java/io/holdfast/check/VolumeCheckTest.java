package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.Device;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A sound volume is found sound, also while it is written to. */
class VolumeCheckTest {
    private static final int BLOCKS = 8192;

    private static MemoryDevice formatted() throws Exception {
        MemoryDevice device = new MemoryDevice("memory", BLOCKS);
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "", InstantSource.system(), new Random(1));
        return device;
    }

    private static Volume open(Device device, OpenOptions options) throws Exception {
        return VolumeOnDevice.open(device, options, InstantSource.system(), new Random(2));
    }

    @Test
    void anEmptyVolumeIsClean() throws Exception {
        try (Volume volume = open(formatted(), OpenOptions.readWrite())) {
            CheckReport report = volume.check(Progress.NONE);
            assertThat(report.problems()).isEmpty();
            assertThat(report.directories()).isEqualTo(1);
        }
    }

    @Test
    void aVolumeWithFilesIsCleanThroughItsLife() throws Exception {
        MemoryDevice device = formatted();
        Random random = new Random(5);
        try (Volume volume = open(device, OpenOptions.readWrite())) {
            volume.mkdir("/d", CreateOptions.directory());
            for (int f = 0; f < 8; f++) {
                try (StoredFile file =
                        volume.create("/d/f" + f, CreateOptions.file().withSize(64L << 20))) {
                    for (int i = 0; i < 200; i++) {
                        byte[] bytes = new byte[1 + random.nextInt(20000)];
                        random.nextBytes(bytes);
                        file.write(random.nextInt(60 << 20), MemorySegment.ofArray(bytes));
                        if (i % 50 == 0) {
                            file.punch(random.nextInt(60 << 20), random.nextInt(10 << 20));
                            file.zero(random.nextInt(60 << 20), random.nextInt(1 << 20));
                        }
                        if (i % 70 == 0) {
                            file.allocate(random.nextInt(60 << 20), random.nextInt(1 << 20));
                        }
                    }
                }
                assertThat(volume.check(Progress.NONE).problems()).isEmpty();
                if (f % 3 == 2) {
                    volume.remove("/d/f" + (f - 1));
                    assertThat(volume.check(Progress.NONE).problems()).isEmpty();
                }
            }
        }
        try (Volume volume = open(device.copy(), OpenOptions.reading())) {
            CheckReport report = volume.check(Progress.NONE);
            assertThat(report.problems()).isEmpty();
            assertThat(report.blocksVerified()).isPositive();
        }
    }

    /** Its record went with the name; that it had said «without checksums» is not known any more. */
    @Test
    void aRemovedFileWithoutChecksumsThatIsStillOpenIsNoDamage() throws Exception {
        try (Volume volume = open(formatted(), OpenOptions.readWrite());
                StoredFile file = volume.create("/raw", CreateOptions.file().withoutChecksum())) {
            file.write(0, MemorySegment.ofArray(new byte[8192]));
            volume.remove("/raw");
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    /** The fixed places alternate: a checkpoint that came in between wrote over the space map the check was to read. */
    @Test
    void checkpointsDuringACheckDoNotDisturbIt() throws Exception {
        try (Volume volume = open(formatted(), OpenOptions.readWrite());
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            AtomicBoolean done = new AtomicBoolean();
            AtomicInteger checkpoints = new AtomicInteger();
            Thread writer = Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; !done.get(); i++) {
                        file.write(i % 512 * 4096L, MemorySegment.ofArray(new byte[8192]));
                        volume.checkpoint();
                        checkpoints.incrementAndGet();
                    }
                } catch (HoldfastException e) {
                    throw new IllegalStateException(e);
                }
            });
            for (int i = 0; i < 30 || checkpoints.get() < 30; i++) {
                assertThat(volume.check(Progress.NONE).problems()).isEmpty();
            }
            done.set(true);
            writer.join();
        }
    }

    @Test
    void findsARottenDataBlock() throws Exception {
        MemoryDevice device = formatted();
        MemorySegment data = Arena.ofAuto().allocate(4096, 4096);
        data.fill((byte) 0x5a);
        try (Volume volume = open(device, OpenOptions.readWrite());
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, data);
            file.flush();
            volume.checkpoint();
            for (long block = 0; block < BLOCKS; block++) {
                if (MemorySegment.ofArray(device.block(block)).mismatch(data) < 0) {
                    device.flipBit(block, 77);
                }
            }
            CheckReport report = volume.check(Progress.NONE);
            assertThat(report.problems()).hasSize(1);
            assertThat(report.problems().getFirst().structure()).isEqualTo("data");
        }
    }
}
