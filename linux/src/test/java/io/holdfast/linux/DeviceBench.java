package io.holdfast.linux;

import com.sun.management.OperatingSystemMXBean;
import io.holdfast.device.Device;
import io.holdfast.device.FileDevice;
import io.holdfast.device.IoEngine;
import io.holdfast.device.LentBuffer;
import io.holdfast.format.Block;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/**
 * Measures random I/O of blocks past the page cache, by threads that each wait for their own I/O, and its CPU time.
 *
 * <p>Arguments: file (overwritten; made if it is missing), {@code read} or {@code write}, {@code virtual} or
 * {@code platform}, threads, seconds a run, runs, then engines, {@code plain} and {@code uring}, which take turns.
 */
final class DeviceBench {
    private static final long FILE_BYTES = 2L << 30;

    private DeviceBench() {}

    public static void main(String[] args) throws Exception {
        Path file = Path.of(args[0]);
        boolean write = args[1].equals("write");
        boolean virtual = args[2].equals("virtual");
        int threads = Integer.parseInt(args[3]);
        long millis = Long.parseLong(args[4]) * 1000;
        int runs = Integer.parseInt(args[5]);
        fill(file);
        for (int run = 0; run < runs; run++) {
            for (int i = 6; i < args.length; i++) {
                try (FileDevice device = FileDevice.open(file, true, true, engine(args[i]))) {
                    measure(args[i], device, write, virtual, threads, millis);
                }
            }
        }
    }

    private static IoEngine engine(String name) {
        return name.equals("plain") ? IoEngine.PLAIN : new UringEngine();
    }

    /** Writes every block: a block that was never written would be read without any I/O. */
    private static void fill(Path file) throws Exception {
        if (file.toFile().length() >= FILE_BYTES) {
            return;
        }
        try (FileDevice device = FileDevice.create(file, FILE_BYTES, true);
                Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(1 << 20, Block.SIZE);
            memory.fill((byte) 1);
            for (long block = 0; block < device.blocks(); block += 256) {
                device.write(block, LentBuffer.of(memory));
            }
            device.flush();
        }
    }

    private static void measure(String name, Device device, boolean write, boolean virtual, int threads, long millis)
            throws Exception {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        LongAdder count = new LongAdder();
        AtomicBoolean stop = new AtomicBoolean();
        List<Thread> all = new ArrayList<>();
        try (Arena arena = Arena.ofShared()) {
            for (int t = 0; t < threads; t++) {
                int seed = t;
                MemorySegment memory = arena.allocate(Block.SIZE, Block.SIZE);
                Runnable work = () -> transfer(device, write, memory, new SplittableRandom(seed), stop, count);
                all.add(
                        virtual
                                ? Thread.ofVirtual().start(work)
                                : Thread.ofPlatform().start(work));
            }
            Thread.sleep(millis / 4);
            long cpu = system.getProcessCpuTime();
            long before = count.sum();
            long start = System.nanoTime();
            Thread.sleep(millis);
            long done = count.sum() - before;
            double seconds = (System.nanoTime() - start) / 1e9;
            double cpuMicros = (system.getProcessCpuTime() - cpu) / 1e3;
            stop.set(true);
            for (Thread thread : all) {
                thread.join();
            }
            System.out.printf(
                    "%-8s %s %d %s threads: %7.0f IOPS, %5.2f us CPU an I/O, %.2f CPUs%n",
                    name,
                    write ? "write" : "read ",
                    threads,
                    virtual ? "virtual" : "platform",
                    done / seconds,
                    cpuMicros / done,
                    cpuMicros / 1e6 / seconds);
        }
    }

    private static void transfer(
            Device device,
            boolean write,
            MemorySegment memory,
            SplittableRandom random,
            AtomicBoolean stop,
            LongAdder count) {
        try {
            while (!stop.get()) {
                long block = random.nextLong(device.blocks());
                if (write) {
                    device.write(block, LentBuffer.of(memory));
                } else {
                    device.read(block, memory);
                }
                count.increment();
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
