package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Callers that rewrite their buffers while a call runs. On a checksummed file no checksum may ever fail for that; on a
 * file without checksums the device reads the caller's memory, and a block may mix what was there.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ScribbleTest {
    /** Blocks written; fewer or more with {@code -Dholdfast.scribble.blocks=N}. */
    private static final long BLOCKS = Long.getLong("holdfast.scribble.blocks", 1_000_000);

    private static final int THREADS = 8;
    private static final int SPAN = 64;

    /** A buffer that another thread keeps filling with one byte after the other. */
    private static void scribble(MemorySegment memory, AtomicBoolean stop) {
        byte value = 0;
        while (!stop.get()) {
            memory.fill(++value);
        }
    }

    private interface Worker {
        void run(int index, MemorySegment memory) throws HoldfastException;
    }

    private static void withScribblers(int threads, int bytes, Worker worker) throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (Arena arena = Arena.ofShared()) {
            List<Thread> scribblers = new ArrayList<>();
            List<Thread> workers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int index = i;
                MemorySegment memory = arena.allocate(bytes, 4096);
                scribblers.add(Thread.ofPlatform().daemon().start(() -> scribble(memory, stop)));
                workers.add(Thread.ofPlatform().daemon().start(() -> {
                    try {
                        worker.run(index, memory);
                    } catch (Throwable e) {
                        failure.compareAndSet(null, e);
                    }
                }));
            }
            for (Thread thread : workers) {
                thread.join();
            }
            stop.set(true);
            for (Thread thread : scribblers) {
                thread.join();
            }
        }
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new AssertionError(thrown);
        }
    }

    @Test
    void noScribblerMakesAChecksumFail() throws Exception {
        MemoryDevice device = TestVolumes.formatted(64);
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1)) {
            withScribblers(THREADS, 16 * 4096, (index, memory) -> {
                Random random = new Random(index);
                try (StoredFile file = volume.create("/f" + index, CreateOptions.file())) {
                    for (long done = 0; done < BLOCKS / THREADS; ) {
                        int count = 1 + random.nextInt(16);
                        long offset = random.nextInt(SPAN - count + 1) * 4096L;
                        MemorySegment part = memory.asSlice(0, count * 4096L);
                        file.write(offset, part, random.nextBoolean() ? Set.of() : Set.of(WriteFlag.DIRECT));
                        done += count;
                        if (random.nextInt(4) == 0) {
                            // Into the memory that is being scribbled on: verified before it gets there.
                            file.read(offset, part, Set.of(ReadFlag.DIRECT));
                        }
                        if (random.nextInt(16) == 0) {
                            readTwice(file);
                        }
                        if (random.nextInt(200) == 0) {
                            file.flush();
                        }
                    }
                    readTwice(file);
                }
            });
            assertThat(volume.counters().checksumErrors()).isZero();
            assertThat(volume.counters().stableCopies()).isGreaterThanOrEqualTo(BLOCKS / THREADS * THREADS);
            assertThat(volume.counters().zeroCopyBlocks()).isZero();
        }
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1)) {
            for (int i = 0; i < THREADS; i++) {
                try (StoredFile file = volume.open("/f" + i)) {
                    readTwice(file);
                }
            }
            assertThat(volume.counters().checksumErrors()).isZero();
        }
    }

    /** What is stored stays what it is. */
    private static void readTwice(StoredFile file) throws HoldfastException {
        MemorySegment first = MemorySegment.ofArray(new byte[SPAN * 4096]);
        MemorySegment second = MemorySegment.ofArray(new byte[SPAN * 4096]);
        long n = file.read(0, first, Set.of(ReadFlag.DIRECT));
        assertThat(file.read(0, second)).isEqualTo(n);
        assertThat(first.mismatch(second)).isEqualTo(-1);
    }

    @Test
    void withoutChecksumsTheDeviceReadsTheCallersMemory() throws Exception {
        MemoryDevice device = TestVolumes.formatted(64);
        AtomicBoolean torn = new AtomicBoolean();
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1)) {
            withScribblers(2, SPAN * 4096, (index, memory) -> {
                MemorySegment read = MemorySegment.ofArray(new byte[SPAN * 4096]);
                try (StoredFile file =
                        volume.create("/f" + index, CreateOptions.file().withoutChecksum())) {
                    for (int round = 0; round < 5000 && !torn.get(); round++) {
                        file.write(0, memory, Set.of(WriteFlag.DIRECT));
                        file.read(0, read);
                        for (int b = 0; b < SPAN; b++) {
                            byte first = read.get(ValueLayout.JAVA_BYTE, b * 4096L);
                            if (read.get(ValueLayout.JAVA_BYTE, b * 4096L + 4095) != first) {
                                torn.set(true);
                            }
                        }
                    }
                }
            });
            assertThat(torn)
                    .as("a block that mixes two contents of the caller's memory")
                    .isTrue();
            assertThat(volume.counters().zeroCopyBlocks()).isGreaterThanOrEqualTo(SPAN);
            assertThat(volume.counters().stableCopies()).isZero();
        }
    }
}
