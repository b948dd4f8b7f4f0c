package io.holdfast.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.DeviceReads;
import io.holdfast.device.FileDevice;
import io.holdfast.device.TestBuffers;
import io.holdfast.format.Block;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads for which no thread waits. */
class UringReadsTest {
    private static final int BLOCKS = 256;

    @TempDir
    Path directory;

    private final Arena arena = Arena.ofShared();
    private FileDevice device;

    @BeforeEach
    void create() throws Exception {
        Path volume = directory.resolve("volume");
        FileDevice.create(volume, BLOCKS * 4096L, false).close();
        device = FileDevice.open(volume, true, true, Uring.engine());
        for (int block = 0; block < BLOCKS; block++) {
            byte[] content = new byte[Block.SIZE];
            MemorySegment.ofArray(content).set(ValueLayout.JAVA_INT_UNALIGNED, 0, block);
            TestBuffers.write(device, block, content);
        }
    }

    @AfterEach
    void close() throws Exception {
        device.close();
        arena.close();
    }

    private DeviceReads open(Runnable handedOn) {
        return Objects.requireNonNull(device.openReads("reads", handedOn));
    }

    private MemorySegment memory(int blocks) {
        return arena.allocate((long) blocks * Block.SIZE, Block.SIZE);
    }

    @Test
    void readsWhatIsThereAndTellsOnceForAllThatEndedTogether() throws Exception {
        AtomicInteger batches = new AtomicInteger();
        AtomicInteger wrong = new AtomicInteger();
        CountDownLatch left = new CountDownLatch(10_000);
        Semaphore underWay = new Semaphore(64);
        try (DeviceReads reads = open(batches::incrementAndGet)) {
            for (int i = 0; i < 10_000; i++) {
                underWay.acquire();
                int block = i % BLOCKS;
                MemorySegment target = memory(1);
                boolean started = reads.start(block, target, whole -> {
                    if (!whole || target.get(ValueLayout.JAVA_INT, 0) != block) {
                        wrong.incrementAndGet();
                    }
                    underWay.release();
                    left.countDown();
                });
                assertThat(started).isTrue();
            }
            left.await();
        }
        assertThat(wrong).hasValue(0);
        assertThat(batches.get()).isBetween(1, 10_000);
    }

    @Test
    void readsIntoSeveralPlaces() throws Exception {
        MemorySegment memory = memory(2 * DeviceReads.PARTS_MAX);
        MemorySegment[] parts = new MemorySegment[DeviceReads.PARTS_MAX];
        for (int i = 0; i < parts.length; i++) {
            // From behind, every other block.
            parts[i] = memory.asSlice((2L * (parts.length - i) - 1) * Block.SIZE, Block.SIZE);
        }
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        try (DeviceReads reads = open(() -> {})) {
            assertThat(reads.start(3, parts, ended::complete)).isTrue();
            assertThat(ended.get()).isTrue();
            assertThat(reads.start(BLOCKS - 1, parts, whole -> {})).isFalse();
            assertThat(reads.start(0, new MemorySegment[DeviceReads.PARTS_MAX + 1], whole -> {}))
                    .isFalse();
        }
        for (int i = 0; i < parts.length; i++) {
            assertThat(parts[i].get(ValueLayout.JAVA_INT, 0)).isEqualTo(3 + i);
            long between = (2L * i) * Block.SIZE;
            assertThat(memory.get(ValueLayout.JAVA_INT, between)).isZero();
        }
    }

    @Test
    void refusesWhatLiesOutsideOrCannotBeTransferred() {
        try (DeviceReads reads = open(() -> {})) {
            assertThat(reads.start(BLOCKS, memory(1), whole -> {})).isFalse();
            assertThat(reads.start(-1, memory(1), whole -> {})).isFalse();
            assertThat(reads.start(BLOCKS - 1, memory(2), whole -> {})).isFalse();
            assertThat(reads.start(Long.MAX_VALUE, memory(1), whole -> {})).isFalse();
            assertThat(reads.start(0, memory(2).asSlice(512, 4096), whole -> {}))
                    .isFalse();
            assertThat(reads.start(0, memory(1).asReadOnly(), whole -> {})).isFalse();
            assertThat(reads.start(0, MemorySegment.ofArray(new byte[4096]), whole -> {}))
                    .isFalse();
        }
    }

    @Test
    void refusesMoreThanFitAndGoesOnWhenSomeHaveEnded() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger ended = new AtomicInteger();
        DeviceReads reads = open(() -> {});
        int started = 0;
        MemorySegment target = memory(1);
        while (reads.start(0, target, whole -> {
            await(go);
            ended.incrementAndGet();
        })) {
            started++;
        }
        assertThat(started).isBetween(100, 10_000);
        go.countDown();
        reads.close();
        assertThat(ended).hasValue(started);
        assertThat(reads.start(0, target, whole -> {})).isFalse();
    }

    @Test
    void saysThatAFileHasBecomeShorter() throws Exception {
        try (DeviceReads reads = open(() -> {});
                var file = FileChannel.open(directory.resolve("volume"), StandardOpenOption.WRITE)) {
            file.truncate(4096);
            CompletableFuture<Boolean> whole = new CompletableFuture<>();
            assertThat(reads.start(0, memory(2), whole::complete)).isTrue();
            assertThat(whole.get()).isFalse();
        }
    }

    @Test
    void aDefectInWhatFollowsKeepsNobodyElseWaiting() throws Exception {
        try (DeviceReads reads = open(() -> {
            throw new IllegalStateException("a defect of the test's");
        })) {
            assertThat(reads.start(0, memory(1), whole -> {
                        throw new IllegalStateException("a defect of the test's");
                    }))
                    .isTrue();
            CompletableFuture<Boolean> other = new CompletableFuture<>();
            assertThat(reads.start(1, memory(1), other::complete)).isTrue();
            assertThat(other.get()).isTrue();
        }
    }

    @Test
    void closingTheDeviceClosesItsQueues() throws Exception {
        DeviceReads reads = open(() -> {});
        assertThat(reads.start(0, memory(1), whole -> {})).isTrue();
        device.close();
        assertThat(reads.start(0, memory(1), whole -> {})).isFalse();
        assertThat(device.openReads("late", () -> {})).isNull();
        reads.close();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
