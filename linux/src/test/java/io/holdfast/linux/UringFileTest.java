package io.holdfast.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.BlockFile;
import io.holdfast.device.Device;
import io.holdfast.device.FileDevice;
import io.holdfast.device.IoEngine;
import io.holdfast.device.LentBuffer;
import io.holdfast.device.TestBuffers;
import io.holdfast.device.Tool;
import io.holdfast.device.VolumeLock;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Specific to files on rings: many waiting threads, closing under them, errors of the kernel, locks. */
class UringFileTest {
    private static final int BLOCKS = 8192;

    @TempDir
    Path directory;

    private Path volume;
    private IoEngine engine;

    @BeforeEach
    void create() throws Exception {
        engine = Uring.engine();
        volume = directory.resolve("volume");
        FileDevice.create(volume, BLOCKS * 4096L, false).close();
    }

    /** Several times as many operations as the ring takes at once. */
    @Test
    void servesThousandsOfVirtualThreads() throws Exception {
        int threads = 2048;
        int each = BLOCKS / threads;
        try (FileDevice device = FileDevice.open(volume, true, true, engine);
                Arena arena = Arena.ofShared();
                ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Void>> results = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int first = t * each;
                MemorySegment memory = arena.allocate(2L * Block.SIZE, Block.SIZE);
                results.add(executor.submit(() -> {
                    useBlocks(device, first, each, memory, new SplittableRandom(first));
                    return null;
                }));
            }
            for (Future<Void> result : results) {
                result.get();
            }
        }
        assertThat(openDescriptors()).isZero();
    }

    /** Writes numbers into blocks of its own and finds them again. */
    private static void useBlocks(Device device, int first, int count, MemorySegment memory, SplittableRandom random)
            throws HoldfastException {
        MemorySegment out = memory.asSlice(0, Block.SIZE);
        MemorySegment in = memory.asSlice(Block.SIZE, Block.SIZE);
        long[] expected = new long[count];
        for (int i = 0; i < 12; i++) {
            int slot = random.nextInt(count);
            if (random.nextBoolean()) {
                expected[slot] = random.nextLong();
                out.set(ValueLayout.JAVA_LONG, 0, expected[slot]);
                out.set(ValueLayout.JAVA_LONG, Block.SIZE - Long.BYTES, expected[slot]);
                device.write(first + slot, LentBuffer.of(out));
            } else {
                device.read(first + slot, in);
                assertThat(in.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(expected[slot]);
                assertThat(in.get(ValueLayout.JAVA_LONG, Block.SIZE - Long.BYTES))
                        .isEqualTo(expected[slot]);
            }
        }
    }

    /** Every call either does its work or says that the device is closed; none hangs, and nothing stays open. */
    @Test
    void isClosedUnderItsUsers() throws Exception {
        int threads = 300;
        CountDownLatch busy = new CountDownLatch(threads);
        FileDevice device = FileDevice.open(volume, true, true, engine);
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<ErrorCode>> results = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int block = t;
                results.add(executor.submit(() -> useUntilClosed(device, block, busy)));
            }
            busy.await();
            device.close();
            assertThat(openDescriptors()).isZero();
            for (Future<ErrorCode> result : results) {
                assertThat(result.get()).isEqualTo(ErrorCode.CLOSED);
            }
        }
        device.close();
    }

    private static ErrorCode useUntilClosed(Device device, int block, CountDownLatch busy) {
        MemorySegment memory = TestBuffers.memory(1);
        boolean counted = false;
        try {
            while (true) {
                device.write(block, LentBuffer.of(memory));
                device.read(block, memory);
                if (!counted) {
                    counted = true;
                    busy.countDown();
                }
            }
        } catch (HoldfastException e) {
            return e.code();
        }
    }

    /** Close waits for a read that the kernel has not completed. */
    @Test
    void closingWaitsForWhatIsUnderWay() throws Exception {
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        FailingSyscalls calls = new FailingSyscalls(0, 0) {
            @Override
            public int enterRing(int ring, int submit, int waitFor) {
                if (Thread.currentThread().getName().endsWith("held") && submit > 0 && arrived.getCount() > 0) {
                    arrived.countDown();
                    try {
                        gate.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
                return super.enterRing(ring, submit, waitFor);
            }
        };
        Path held = Files.move(volume, directory.resolve("held"));
        Files.write(held, TestBuffers.random(1, 1));
        FileDevice device = FileDevice.open(held, true, false, new UringEngine(() -> calls));
        arrived.await();
        List<byte[]> read = new ArrayList<>();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                read.add(TestBuffers.read(device, 0, 1));
            } catch (HoldfastException e) {
                throw new IllegalStateException(e);
            }
        });
        awaitWaiting(reader);
        Thread closer = Thread.ofPlatform().start(() -> {
            try {
                device.close();
            } catch (HoldfastException e) {
                throw new IllegalStateException(e);
            }
        });
        awaitWaiting(closer);
        assertThat(calls.open).as("the file too").hasSize(3);
        gate.countDown();
        closer.join();
        reader.join();
        assertThat(read).hasSize(1);
        assertThat(read.getFirst()).isEqualTo(TestBuffers.random(1, 1));
        assertThat(calls.open).isEmpty();
    }

    private static void awaitWaiting(Thread thread) {
        while (thread.getState() != Thread.State.WAITING) {
            assertThat(thread.isAlive()).isTrue();
            Thread.onSpinWait();
        }
    }

    @Test
    void aFullFileSystemIsToldFromAFailure() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        Tool.Result mounted = Tool.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small.toString());
        if (mounted.status() != 0) {
            System.out.println("SKIPPED: cannot mount: " + mounted.output());
        }
        Assumptions.assumeTrue(mounted.status() == 0, "cannot mount");
        try (FileDevice device = FileDevice.create(small.resolve("image"), 4 << 20, false, engine)) {
            assertThatThrownBy(() -> {
                        for (int block = 0; block < device.blocks(); block += TestBuffers.BLOCKS_MAX) {
                            TestBuffers.write(device, block, TestBuffers.random(block, TestBuffers.BLOCKS_MAX));
                        }
                    })
                    .isInstanceOfSatisfying(
                            HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.HOST_FULL))
                    .hasMessageContaining("small/image")
                    .hasMessageContaining("cannot write block ")
                    .hasMessageContaining("No space left on device");
            assertThat(TestBuffers.read(device, 0, 64)).isEqualTo(TestBuffers.random(0, 64));
            device.allocate(0, 64);
            assertThatThrownBy(() -> device.allocate(512, 512))
                    .isInstanceOfSatisfying(
                            HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.HOST_FULL))
                    .hasMessageContaining("cannot take room for blocks 512 to 1023");
        } finally {
            Tool.run("umount", small.toString());
        }
    }

    /** Writes for which the ring has no room are written one by one. */
    @Test
    void writesMorePiecesThanTheRingTakes() throws Exception {
        int count = 1500;
        MemorySegment[] sources = pieces(count);
        long[] positions = new long[count];
        for (int i = 0; i < count; i++) {
            positions[i] = 4096L * (BLOCKS - 1 - 2L * i);
        }
        int[] counts = new int[count];
        try (BlockFile file = engine.open(volume, true, true)) {
            file.write(sources, positions, counts);
            assertThat(counts).containsOnly(Block.SIZE);
            MemorySegment in = TestBuffers.memory(1);
            for (int i = 0; i < count; i++) {
                assertThat(file.read(in, positions[i])).isEqualTo(Block.SIZE);
                assertThat(in.get(ValueLayout.JAVA_INT, 0)).isEqualTo(i + 1);
            }
        }
    }

    /** The call fails only when all writes have ended: until then the kernel reads the caller's memory. */
    @Test
    void tellsThatAPieceFailedWhenAllHaveEnded() throws Exception {
        int count = 8;
        MemorySegment[] sources = pieces(count);
        long[] positions = new long[count];
        for (int i = 0; i < count; i++) {
            positions[i] = 4096L * i;
        }
        positions[3] = Long.MAX_VALUE - 4095;
        int[] counts = new int[count];
        try (BlockFile file = engine.open(volume, true, true)) {
            assertThatThrownBy(() -> file.write(sources, positions, counts)).isInstanceOf(IOException.class);
            for (int i = 0; i < count; i++) {
                assertThat(counts[i]).isEqualTo(i == 3 ? -Errno.EINVAL : Block.SIZE);
            }
        }
    }

    /** Returns blocks that begin with the numbers 1, 2, 3, … */
    private static MemorySegment[] pieces(int count) {
        MemorySegment[] pieces = new MemorySegment[count];
        for (int i = 0; i < count; i++) {
            pieces[i] = TestBuffers.memory(1);
            pieces[i].set(ValueLayout.JAVA_INT, 0, i + 1);
        }
        return pieces;
    }

    /** Closing any descriptor of a file drops the process's locks on it. */
    @Test
    void doesNotDropTheLockOfTheVolume() throws Exception {
        long inode = (Long) Files.getAttribute(volume, "unix:ino");
        try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
            assertThat(locks(inode)).isEqualTo(1);
            FileDevice.open(volume, true, true, engine).close();
            assertThat(locks(inode)).isEqualTo(1);
        }
        assertThat(locks(inode)).isZero();
        assertThat(openDescriptors()).isZero();
    }

    private static long locks(long inode) throws Exception {
        return Files.readAllLines(Path.of("/proc/locks")).stream()
                .filter(line ->
                        line.contains(" %d ".formatted(ProcessHandle.current().pid()))
                                && line.contains(":" + inode + " "))
                .count();
    }

    /** Returns how many descriptors of this process lead to the volume. */
    private long openDescriptors() throws Exception {
        long count = 0;
        Path real = volume.toRealPath();
        try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                try {
                    count += Files.readSymbolicLink(descriptor).equals(real) ? 1 : 0;
                } catch (IOException _) {
                    // the one that listed them
                }
            }
        }
        return count;
    }
}
