package io.holdfast.bench.jmh;

import io.holdfast.engine.Volumes;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Through the public API: reads that hit the page cache, and overwrites of dirty pages in it. */
@State(Scope.Benchmark)
public class CacheHitBench extends HotPath {
    private static final long FILE_BYTES = 16L << 20;

    @Param({"4096", "65536"})
    public int bytes;

    private final SplittableRandom random = new SplittableRandom(1);
    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 16, 4096);
    private Open open = Open.NONE;

    /** The objects that are open during the benchmark. */
    private record Open(
            Path path,
            @org.jspecify.annotations.Nullable Volume volume,
            @org.jspecify.annotations.Nullable StoredFile file) {
        static final Open NONE = new Open(Path.of(""), null, null);

        StoredFile use() {
            if (file == null) {
                throw new IllegalStateException("nothing is open");
            }
            return file;
        }
    }

    @Setup
    public void setUp() throws IOException, HoldfastException {
        Path path = Files.createTempFile("holdfast-jmh", ".volume");
        Volumes.format(path, FormatOptions.ofSize(128L << 20).withForce(true));
        Volume volume = Volumes.open(path, OpenOptions.readWrite().withMemory(256L << 20));
        StoredFile file = volume.create("/file", CreateOptions.file().withSize(FILE_BYTES));
        open = new Open(path, volume, file);
        for (long at = 0; at < FILE_BYTES; at += bytes) {
            file.write(at, memory.asSlice(0, bytes));
        }
        file.flush();
    }

    @TearDown
    public void tearDown() throws IOException, HoldfastException {
        Volume volume = open.volume();
        if (volume != null) {
            volume.close();
        }
        Files.deleteIfExists(open.path());
    }

    @Benchmark
    public long read() throws HoldfastException {
        return open.use().read(place(), memory.asSlice(0, bytes));
    }

    @Benchmark
    public void write() throws HoldfastException {
        open.use().write(place(), memory.asSlice(0, bytes));
    }

    private long place() {
        return random.nextLong(FILE_BYTES / bytes) * bytes;
    }
}
