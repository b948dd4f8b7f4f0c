package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Program;
import io.holdfast.engine.Volumes;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Extent;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Large files, many blocks, little memory. Prints its measurements; asserts nothing about time. */
@Tag("slow")
@Timeout(900)
class ScaleTest {
    private static final int RANDOM_WRITES = Integer.getInteger("holdfast.scale.writes", 100_000);
    private static final long MEMORY = 256L << 20;
    private static final long HUGE = 8L << 40;

    @TempDir
    private Path folder;

    /** A step whose time is printed. */
    @FunctionalInterface
    private interface Step {
        void run() throws HoldfastException;
    }

    private static void timed(String name, Step step) throws HoldfastException {
        long start = System.nanoTime();
        step.run();
        System.out.printf("8 TiB file: %-24s %8.1f ms%n", name, (System.nanoTime() - start) / 1e6);
    }

    private Path format(long bytes) throws HoldfastException {
        Path device = folder.resolve("volume.holdfast");
        Volumes.format(device, FormatOptions.ofSize(bytes));
        return device;
    }

    @Test
    void aHugeFileCostsOnlyWhatIsInIt() throws IOException {
        Path device = format(4L << 30);
        byte[] data = new byte[1 << 20];
        Arrays.fill(data, (byte) 7);
        MemorySegment source = MemorySegment.ofArray(data);
        long last = HUGE - data.length;
        try (Volume volume = Volumes.open(device, OpenOptions.readWrite().withMemory(MEMORY))) {
            timed(
                    "create",
                    () -> volume.create("/huge", CreateOptions.file().withSize(HUGE))
                            .close());
            try (StoredFile file = volume.open("/huge")) {
                timed("write at both ends", () -> {
                    file.write(0, source);
                    file.write(last, source);
                    file.flush();
                });
                timed(
                        "map",
                        () -> assertThat(file.map(0, HUGE, 100))
                                .containsExactly(
                                        new Extent(0, data.length, Extent.State.WRITTEN),
                                        new Extent(data.length, HUGE - 2L * data.length, Extent.State.HOLE),
                                        new Extent(last, data.length, Extent.State.WRITTEN)));
                timed("zero 1 TiB of holes", () -> file.punch(1L << 40, 1L << 40));
            }
            timed("checkpoint", volume::checkpoint);
        }
        try (Volume volume = Volumes.open(device, OpenOptions.readWrite().withMemory(MEMORY))) {
            try (StoredFile file = volume.open("/huge")) {
                byte[] back = new byte[data.length];
                timed("read the last MiB", () -> file.read(last, MemorySegment.ofArray(back)));
                assertThat(back).isEqualTo(data);
                assertThat(file.size()).isEqualTo(HUGE);
            }
            timed("delete", () -> volume.remove("/huge"));
            timed("sync", volume::sync);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
        System.out.printf("8 TiB file: the volume took %.1f MiB of disk%n", SparseImage.allocated(device) / 1048576.0);
    }

    @Test
    void manyRandomBlocksWithLittleMemory() throws IOException {
        long needed = RANDOM_WRITES * 3L * Volume.BLOCK_SIZE;
        Assumptions.assumeTrue(
                Files.getFileStore(folder).getUsableSpace() > needed,
                () -> "skipped: no room for " + needed + " bytes");
        Path device = format(16L << 30);
        System.out.print(Program.run(
                folder,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseCompactObjectHeaders",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                RandomWriteProgram.class.getName(),
                device.toString(),
                Integer.toString(RANDOM_WRITES),
                Long.toString(MEMORY)));
        System.out.printf("the volume took %.1f MiB of disk%n", SparseImage.allocated(device) / 1048576.0);
        try (Volume volume = Volumes.open(device, OpenOptions.readWrite().withMemory(MEMORY))) {
            long start = System.nanoTime();
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
            System.out.printf("checked in %.1f s%n", (System.nanoTime() - start) / 1e9);
        }
    }
}
