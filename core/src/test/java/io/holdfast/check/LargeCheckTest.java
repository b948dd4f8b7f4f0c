package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.Device;
import io.holdfast.device.FileDevice;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.Piece;
import io.holdfast.device.SealedBuffer;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checks the metadata of a large volume with little memory. Its data is not stored, so that it fits any disk. Prints its
 * measurements; asserts nothing about time.
 */
@Tag("slow")
@Timeout(900)
class LargeCheckTest {
    private static final long BYTES = 15L << 40;
    private static final long MEMORY = 256L << 20;
    /** How much data the volume has. */
    private static final long GIB = Long.getLong("holdfast.scale.gib", 2);

    private static final int PIECE = 4 << 20;
    private static final int FILES = 4;

    @TempDir
    private Path folder;

    /** Stores of a record of the log its header and nothing else. */
    private static final class WithoutData extends ForwardingDevice {
        private static final byte[] MAGIC = "HFLOGREC".getBytes(StandardCharsets.US_ASCII);

        WithoutData(Device device) {
            super(device);
        }

        @Override
        public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
            MemorySegment head = source.contents().asSlice((long) from * Block.SIZE, MAGIC.length);
            boolean isRecord = head.mismatch(MemorySegment.ofArray(MAGIC)) == -1;
            device.write(block, source, from, isRecord ? 1 : count);
        }

        @Override
        public void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
            for (Piece piece : pieces) {
                write(piece.block(), source, piece.from(), piece.count());
            }
        }
    }

    @Test
    void metadataOfFifteenTebibytesIsCheckedWithLittleMemory() throws IOException {
        Path path = folder.resolve("large.holdfast");
        try (Device file = new WithoutData(FileDevice.create(path, BYTES, true))) {
            VolumeOnDevice.format(file, ChecksumAlgorithm.CRC32C, "", InstantSource.system(), new Random(1));
            OpenOptions options = OpenOptions.readWrite().withMemory(MEMORY);
            try (Volume volume = VolumeOnDevice.open(file, options, InstantSource.system(), new Random(2))) {
                fill(volume);
                volume.checkpoint();

                long start = System.nanoTime();
                CheckReport report = volume.check(new CheckOptions(true, List.of(), 0), Progress.NONE);
                double seconds = (System.nanoTime() - start) / 1e9;

                assertThat(report.problems()).isEmpty();
                assertThat(report.unproven()).isEmpty();
                assertThat(report.metadataBlocks()).isGreaterThan(GIB * 1024);
                System.out.printf(
                        "15 TiB volume with %d GiB of data, memory 256M: %d metadata blocks checked in %.2f s%n",
                        GIB, report.metadataBlocks(), seconds);
            }
        } finally {
            Files.deleteIfExists(path);
        }
    }

    private static void fill(Volume volume) throws HoldfastException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(PIECE, Block.SIZE);
            data.fill((byte) 5);
            for (int i = 0; i < FILES; i++) {
                try (StoredFile file = volume.create("/disk" + i, CreateOptions.file())) {
                    for (long at = 0; at < (GIB << 30) / FILES; at += PIECE) {
                        file.write(at, data);
                    }
                }
            }
        }
    }
}
