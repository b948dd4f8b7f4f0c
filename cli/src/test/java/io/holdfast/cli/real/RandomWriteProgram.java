package io.holdfast.cli.real;

import io.holdfast.engine.Volumes;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeCounters;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Writes blocks at random places of a file of 64 GiB with little memory, reads a sample, closes, opens, and reads the
 * sample again. Runs in a process of its own, so that its heap can be bounded. Arguments: VOLUME WRITES MEMORY_BYTES.
 */
final class RandomWriteProgram {
    private static final long FILE_BLOCKS = 1L << 24;
    private static final long SPREAD = 0x9e3779b1L;
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    private static final int THREADS = 32;
    private static final int WRITES_BETWEEN_FLUSHES = 4096;
    private static final int SAMPLE = 100;
    private static final String PATH = "/random";

    private final Path device;
    private final int writes;
    private final OpenOptions options;

    private RandomWriteProgram(Path device, int writes, OpenOptions options) {
        this.device = device;
        this.writes = writes;
        this.options = options;
    }

    public static void main(String[] args) throws Exception {
        OpenOptions options = OpenOptions.readWrite().withMemory(Long.parseLong(args[2]));
        new RandomWriteProgram(Path.of(args[0]), Integer.parseInt(args[1]), options).run();
    }

    private void run() throws Exception {
        try (Volume volume = Volumes.open(device, options);
                StoredFile file = volume.create(PATH, CreateOptions.file().withSize(FILE_BLOCKS * Volume.BLOCK_SIZE))) {
            long start = System.nanoTime();
            inParallel(from -> write(file, from));
            file.flush();
            double seconds = seconds(start);
            VolumeCounters counters = volume.counters();
            System.out.printf(
                    "%,d random writes of 4 KiB in %.1f s: %,.0f a second; %d checkpoints%n",
                    writes, seconds, writes / seconds, counters.checkpoints());
            sample(file, "before closing");
            start = System.nanoTime();
            volume.checkpoint();
            System.out.printf(
                    "last checkpoint in %.1f s; %.2f bytes written to the device for each byte written%n",
                    seconds(start), volume.counters().bytesWritten() / ((double) writes * Volume.BLOCK_SIZE));
        }
        long start = System.nanoTime();
        try (Volume volume = Volumes.open(device, options);
                StoredFile file = volume.open(PATH)) {
            System.out.printf("opened again in %.3f s%n", seconds(start));
            sample(file, "after opening again");
        }
        printMemory();
    }

    private static void printMemory() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (Files.exists(status)) {
            try (Stream<String> lines = Files.lines(status)) {
                lines.filter(l -> l.startsWith("VmHWM")).forEach(l -> System.out.println("most memory in use: " + l));
            }
        }
    }

    private void sample(StoredFile file, String when) throws Exception {
        long start = System.nanoTime();
        inParallel(from -> verify(file, from));
        System.out.printf(
                "%,d blocks and as many holes verified %s in %.1f s%n", writes / SAMPLE, when, seconds(start));
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    /** A part of the work. */
    @FunctionalInterface
    private interface Part {
        void run(int from) throws HoldfastException;
    }

    private static void inParallel(Part part) throws InterruptedException, ExecutionException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Void>> parts = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int from = i;
                parts.add(threads.submit((Callable<Void>) () -> {
                    part.run(from);
                    return null;
                }));
            }
            for (Future<Void> each : parts) {
                each.get();
            }
        }
    }

    private void write(StoredFile file, int from) throws HoldfastException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(Volume.BLOCK_SIZE);
            for (int i = from; i < writes; i += THREADS) {
                for (int word = 0; word < Volume.BLOCK_SIZE / Long.BYTES; word++) {
                    block.setAtIndex(ValueLayout.JAVA_LONG, word, word(i, word));
                }
                file.write(place(i), block);
                if (i % WRITES_BETWEEN_FLUSHES == 0) {
                    file.flush();
                }
            }
        }
    }

    private void verify(StoredFile file, int from) throws HoldfastException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(Volume.BLOCK_SIZE);
            for (int i = from * SAMPLE; i < writes; i += THREADS * SAMPLE) {
                file.read(place(i), block);
                expect(block, i, true);
                file.read(place(i + writes), block);
                expect(block, i, false);
            }
        }
    }

    private static void expect(MemorySegment block, int i, boolean written) {
        for (int word = 0; word < Volume.BLOCK_SIZE / Long.BYTES; word++) {
            if (block.getAtIndex(ValueLayout.JAVA_LONG, word) != (written ? word(i, word) : 0)) {
                throw new IllegalStateException("write " + i + (written ? " is not there" : " is somewhere else too"));
            }
        }
    }

    /** A different block for each write, seemingly at random: an odd factor is a bijection modulo a power of two. */
    private static long place(int i) {
        return (i * SPREAD & (FILE_BLOCKS - 1)) * Volume.BLOCK_SIZE;
    }

    private static long word(int i, int word) {
        return (i + 1L) * GOLDEN ^ word * SPREAD;
    }
}
