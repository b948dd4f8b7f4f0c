package io.holdfast.bench.library;

import io.holdfast.engine.Volumes;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;

/**
 * A program that writes directly through the library, in turn into a file with checksums and into one without. It runs
 * in a process of its own: {@code DirectWrites VOLUME FILE-BYTES SECONDS ROUNDS}. It prints a line for each
 * measurement, {@code CHUNK-BYTES THREADS checksummed|plain MIB-PER-SECOND}; the time includes the flush at the end.
 */
public final class DirectWrites {
    private static final int MIB = 1 << 20;
    private static final int[] CHUNKS = {64 << 10, MIB};
    private static final int[] THREADS = {1, 2};
    private static final long MEMORY_BYTES = 1L << 30;

    /** A property: the file with the flight recorder's settings. Nothing is recorded without it. */
    public static final String RECORDER_SETTINGS = "holdfast.recorder";

    /** A property: where recordings go, as {@code library-CHUNK-THREADS-KIND.jfr}. */
    public static final String RECORDING_FOLDER = "holdfast.recordings";

    private final StoredFile file;
    private final long fileBytes;

    private DirectWrites(StoredFile file, long fileBytes) {
        this.file = file;
        this.fileBytes = fileBytes;
    }

    public static void main(String[] args) throws HoldfastException, IOException {
        Path path = Path.of(args[0]);
        long fileBytes = Long.parseLong(args[1]);
        double seconds = Double.parseDouble(args[2]);
        int rounds = Integer.parseInt(args[3]);
        Volumes.format(path, FormatOptions.ofSize(Files.size(path)).withForce(true));
        CreateOptions options = CreateOptions.file().withSize(fileBytes);
        try (Volume volume = Volumes.open(path, OpenOptions.readWrite().withMemory(MEMORY_BYTES));
                StoredFile checksummed = volume.create("/checksummed", options);
                StoredFile plain = volume.create("/plain", options.withoutChecksum())) {
            DirectWrites first = new DirectWrites(checksummed, fileBytes);
            DirectWrites second = new DirectWrites(plain, fileBytes);
            first.fill();
            second.fill();
            for (int chunk : CHUNKS) {
                for (int threads : THREADS) {
                    // Warm up once; do not report it.
                    first.write(chunk, threads, seconds);
                    second.write(chunk, threads, seconds);
                    for (int round = 0; round < rounds; round++) {
                        boolean swapped = round % 2 == 1;
                        print(chunk, threads, swapped ? second : first, !swapped, seconds);
                        print(chunk, threads, swapped ? first : second, swapped, seconds);
                    }
                }
            }
        }
    }

    private static void print(int chunk, int threads, DirectWrites writes, boolean checksummed, double seconds)
            throws IOException, HoldfastException {
        String kind = checksummed ? "checksummed" : "plain";
        double rate = recorded(
                "library-%d-%d-%s.jfr".formatted(chunk, threads, kind), () -> writes.write(chunk, threads, seconds));
        System.out.printf("%d %d %s %.3f%n", chunk, threads, kind, rate / MIB);
        System.out.flush();
    }

    @FunctionalInterface
    private interface Measurement {
        double run() throws IOException, HoldfastException;
    }

    private static double recorded(String name, Measurement measurement) throws IOException, HoldfastException {
        String settings = System.getProperty(RECORDER_SETTINGS);
        if (settings == null) {
            return measurement.run();
        }
        try (Recording recording = new Recording(Configuration.create(Path.of(settings)))) {
            recording.start();
            double rate = measurement.run();
            recording.stop();
            recording.dump(Path.of(System.getProperty(RECORDING_FOLDER, "."), name));
            return rate;
        } catch (ParseException e) {
            throw new IOException(e);
        }
    }

    private void fill() throws HoldfastException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment source = buffer(arena, MIB, 0);
            for (long at = 0; at + MIB <= fileBytes; at += MIB) {
                file.write(at, source, Set.of(WriteFlag.DIRECT));
            }
        }
        file.flush();
    }

    /** Writes at random places for this time, then flushes; returns bytes a second. */
    private double write(int chunk, int threads, double seconds) throws IOException, HoldfastException {
        long began = System.nanoTime();
        long end = began + (long) (seconds * 1e9);
        long bytes = 0;
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Long>> tasks = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int seed = i;
                tasks.add(() -> writeUntil(end, chunk, seed));
            }
            for (Future<Long> future : executor.invokeAll(tasks)) {
                bytes += future.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
        file.flush();
        return bytes / ((System.nanoTime() - began) / 1e9);
    }

    private long writeUntil(long end, int chunk, int seed) throws HoldfastException {
        SplittableRandom random = new SplittableRandom(seed);
        Set<WriteFlag> direct = Set.of(WriteFlag.DIRECT);
        long bytes = 0;
        // Use a shared arena: the device may read the memory from any thread.
        try (Arena arena = Arena.ofShared()) {
            MemorySegment source = buffer(arena, chunk, seed);
            while (System.nanoTime() - end < 0) {
                file.write(random.nextLong(fileBytes / chunk) * chunk, source, direct);
                bytes += chunk;
            }
        }
        return bytes;
    }

    private static MemorySegment buffer(Arena arena, int bytes, int seed) {
        MemorySegment source = arena.allocate(bytes, 4096);
        byte[] content = new byte[bytes];
        new SplittableRandom(seed).nextBytes(content);
        MemorySegment.copy(MemorySegment.ofArray(content), 0, source, 0, bytes);
        return source;
    }
}
