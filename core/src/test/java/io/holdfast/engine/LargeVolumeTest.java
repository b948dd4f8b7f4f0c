package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.abort;

import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Volumes far larger than memory, in sparse files. */
class LargeVolumeTest {
    private static final long TIB = 1L << 40;
    private static final OpenOptions LITTLE = OpenOptions.readWrite().withMemory(256 << 20);

    @TempDir
    private Path folder;

    private Path volume(long size) throws IOException {
        Path path = folder.resolve("large.holdfast");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(size);
        } catch (IOException e) {
            abort("no file of " + size + " bytes can be made here: " + e.getMessage());
        }
        Files.delete(path);
        Volumes.format(path, FormatOptions.ofSize(size));
        return path;
    }

    private static byte[] block(long seed) {
        byte[] block = new byte[Volume.BLOCK_SIZE];
        Arrays.fill(block, (byte) seed);
        return block;
    }

    /** In the smallest volume, and in one where the table has two levels and one where it has three. */
    @ParameterizedTest
    @ValueSource(longs = {1L << 24, 5 * TIB, 15 * TIB})
    void isWrittenReadAndChecked(long size) throws IOException {
        Path path = volume(size);
        long fileSize = size - size / 8;
        long[] places = {0, fileSize / 3 / 4096 * 4096, fileSize / 2 / 4096 * 4096, fileSize - 4096};
        try (Volume volume = Volumes.open(path, LITTLE);
                StoredFile file = volume.create("/disk", CreateOptions.file().withSize(fileSize))) {
            for (long place : places) {
                file.write(place, MemorySegment.ofArray(block(place + 1)));
            }
            file.zero(0, fileSize / 3 / 4096 * 4096);
            file.punch(fileSize / 2 / 4096 * 4096, fileSize / 4);
            file.write(0, MemorySegment.ofArray(block(1)));
            file.flush();
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
        try (Volume volume = Volumes.open(path, LITTLE);
                StoredFile file = volume.open("/disk")) {
            byte[] read = new byte[Volume.BLOCK_SIZE];
            file.read(0, MemorySegment.ofArray(read));
            assertThat(read).isEqualTo(block(1));
            file.read(places[1], MemorySegment.ofArray(read));
            assertThat(read).isEqualTo(block(places[1] + 1));
            file.read(places[2], MemorySegment.ofArray(read));
            assertThat(read).isEqualTo(new byte[Volume.BLOCK_SIZE]);
            file.read(places[3], MemorySegment.ofArray(read));
            assertThat(read).isEqualTo(block(places[3] + 1));
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    private static void format(Device device) throws HoldfastException {
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "", InstantSource.system(), new Random(1));
    }

    private static Volume open(Device device) throws HoldfastException {
        return VolumeOnDevice.open(
                device,
                OpenOptions.reading().withMemory(OpenOptions.MIN_MEMORY),
                InstantSource.system(),
                new Random(2));
    }

    @Test
    void isRefusedInWordsIfItsGroupsDoNotFitTheMemory() throws HoldfastException {
        MemoryDevice device = new MemoryDevice("memory", 256 * TIB / Volume.BLOCK_SIZE);
        format(device);
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> open(device))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_MEMORY))
                .withMessageContaining("of memory for its groups alone");
    }

    /** What opening reads is bounded: a block for 16 GiB, the copies of the superblock, and what the root needs. */
    @Test
    void isOpenedWithFewReads() throws HoldfastException {
        MemoryDevice device = new MemoryDevice("memory", TIB / Volume.BLOCK_SIZE);
        format(device);
        AtomicLong read = new AtomicLong();
        Device counting = new ForwardingDevice(device) {
            @Override
            public void read(long block, MemorySegment target) throws HoldfastException {
                read.addAndGet(target.byteSize() / Volume.BLOCK_SIZE);
                super.read(block, target);
            }
        };
        open(counting).close();
        assertThat(read.get()).isLessThan(TIB / (16L << 30) + 40);
    }
}
