package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.mapping.ChangeBudget;
import io.holdfast.mapping.ChangeMemory;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many more changes than there is memory for, all over a thin file that is larger than the volume: they wait, and go on. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChangeBoundTest {
    private static final int BLOCK = 4096;
    private static final long MEMORY = 32 << 20;
    private static final long VOLUME = 64L << 30;
    private static final long FILE = 1L << 40;
    private static final int THREADS = 6;
    private static final int CALLS = 90_000;

    @Test
    void changesNeverExceedTheirShare(@TempDir Path folder) throws Exception {
        Path path = folder.resolve("volume");
        Volumes.format(path, FormatOptions.ofSize(VOLUME));
        OpenOptions options = OpenOptions.readWrite().withMemory(MEMORY);
        try (StoredVolume volume = (StoredVolume) Volumes.open(path, options)) {
            try (StoredFile file = volume.create("/thin", CreateOptions.file().withSize(FILE));
                    StoredFile raw = volume.create(
                            "/raw", CreateOptions.file().withSize(FILE).withoutChecksum());
                    ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
                List<Future<?>> running = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    Random random = new Random(i);
                    StoredFile target = i == 0 ? raw : file;
                    running.add(threads.submit(() -> change(target, random)));
                }
                for (Future<?> thread : running) {
                    thread.get();
                }
            }
            long changes = (long) THREADS * CALLS * 16;
            ChangeBudget budget =
                    new ChangeBudget(new ChangeMemory(), MemoryPlan.of(MEMORY).changes());
            assertThat(changes).as("bytes of entries alone").isGreaterThan(budget.share());
            assertThat(volume.changeBytesPeak()).isGreaterThan(budget.soft()).isLessThanOrEqualTo(budget.share());
            assertThat(volume.counters().checkpoints())
                    .as("checkpoints: none follows another at once, with little to do")
                    .isBetween(3L, 6L);
            assertThat(volume.failure()).isEmpty();
        }
        try (StoredVolume volume = (StoredVolume) Volumes.open(path, options)) {
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    private static Void change(StoredFile file, Random random) throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(BLOCK, BLOCK);
            for (int i = 0; i < CALLS; i++) {
                long offset = random.nextLong(FILE / BLOCK) * BLOCK;
                switch (random.nextInt(512)) {
                    case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 -> file.write(offset, block, Set.of());
                    case 10, 11, 12, 13, 14 -> file.write(offset, block, Set.of(WriteFlag.DIRECT));
                    case 15 -> file.flush();
                    // Costs an entry, as a write does, and no transfer.
                    default -> file.punch(offset, BLOCK);
                }
            }
            return null;
        }
    }
}
