package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.FaultDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many threads with all operations on few blocks. A block's content is a header that names the file and block it was
 * written for, repeated: so it is always either zero or one that somebody wrote there, whole.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConcurrencyTest {
    private static final int ROUNDS = Integer.getInteger("holdfast.concurrency.rounds", 3);
    private static final int STEPS = Integer.getInteger("holdfast.concurrency.steps", 1500);
    private static final long SEED = Long.getLong("holdfast.concurrency.seed", 1);
    private static final int BLOCKS = 48;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /** Runs bodies at once and reports the first failure, with all threads if some do not end. */
    private void together(long seed, List<Worker> workers) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < workers.size(); i++) {
            Worker worker = workers.get(i);
            Random random = new Random(seed * 1000 + i);
            Runnable body = () -> {
                try {
                    worker.run(random);
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
            };
            threads.add(
                    i % 2 == 0
                            ? Thread.ofVirtual().unstarted(body)
                            : Thread.ofPlatform().daemon().unstarted(body));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            if (!thread.join(java.time.Duration.ofSeconds(100))) {
                StringBuilder dump = new StringBuilder("threads hang, seed " + seed);
                Thread.getAllStackTraces().forEach((t, stack) -> {
                    dump.append('\n').append(t);
                    for (StackTraceElement frame : stack) {
                        dump.append("\n    ").append(frame);
                    }
                });
                for (Thread t : threads) {
                    dump.append('\n').append(t);
                    for (StackTraceElement frame : t.getStackTrace()) {
                        dump.append("\n    ").append(frame);
                    }
                }
                throw new AssertionError(dump.toString());
            }
        }
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new AssertionError("seed " + seed, thrown);
        }
    }

    private interface Worker {
        void run(Random random) throws Exception;
    }

    @Test
    void allOperationsAtOnce() throws Exception {
        for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
            MemoryDevice device = TestVolumes.formatted(32, ChecksumAlgorithm.CRC32C, seed);
            round(device, seed, 16);
        }
    }

    @Test
    void allOperationsAtOnceOnAVolumeThatIsAlmostFull() throws Exception {
        for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
            MemoryDevice device = TestVolumes.formatted(16, ChecksumAlgorithm.XXH3_64, seed);
            try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), seed);
                    StoredFile ballast = volume.create("/ballast", CreateOptions.file())) {
                ballast.allocate(0, volume.usage().free() - (200L + 60 * seed) * 4096);
            }
            round(device, seed, 8);
        }
    }

    private void round(MemoryDevice device, long seed, int threads) throws Exception {
        FaultDevice faults = new FaultDevice(device);
        try (StoredVolume volume = TestVolumes.open(faults, seed)) {
            for (int f = 0; f < 3; f++) {
                volume.create("/f" + f, f == 1 ? CreateOptions.file().withoutChecksum() : CreateOptions.file())
                        .close();
            }
            List<Worker> workers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                workers.add(random -> work(volume, random));
            }
            together(seed, workers);
            assertThat(volume.failure()).as("seed " + seed).isEmpty();
            assertThat(volume.counters().checksumErrors()).isZero();
            TestVolumes.assertAtRest(volume);
        }
        try (StoredVolume volume =
                TestVolumes.open(faults.imageAfterCrash(new io.holdfast.device.CrashRule.DropAll()), seed)) {
            assertThat(volume.recovery().clean()).isTrue();
            for (int f = 0; f < 3; f++) {
                try (StoredFile file = volume.open("/f" + f)) {
                    readAll(file, f);
                }
            }
        }
    }

    private static void readAll(StoredFile file, int f) throws HoldfastException {
        MemorySegment target = MemorySegment.ofArray(new byte[BLOCKS * 4096]);
        long n = file.read(0, target);
        for (int b = 0; b * 4096L + 4096 <= n; b++) {
            assertBlock(target.asSlice(b * 4096L, 4096), f, b);
        }
    }

    /** A block is zero, or one header all over. */
    private static void assertBlock(MemorySegment block, int f, int b) {
        long header = block.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        for (int at = 8; at < 4096; at += 8) {
            long other = block.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
            if (other != header) {
                throw new AssertionError("file %d block %d: %#x at 0 and %#x at %d".formatted(f, b, header, other, at));
            }
        }
        if (header != 0 && header >>> 32 != 0x10000L + f * 1000L + b) {
            throw new AssertionError("file %d block %d holds %#x".formatted(f, b, header));
        }
    }

    private static void work(StoredVolume volume, Random random) throws Exception {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(BLOCKS * 4096L, 4096);
            StoredFile[] files = new StoredFile[3];
            for (int f = 0; f < 3; f++) {
                files[f] = volume.open("/f" + f);
            }
            for (int i = 0; i < STEPS; i++) {
                try {
                    int f = random.nextInt(3);
                    if (random.nextInt(50) == 0) {
                        files[f].close();
                        files[f] = volume.open("/f" + f);
                    }
                    step(volume, files[f], f, memory, random);
                } catch (HoldfastException e) {
                    if (e.code() != ErrorCode.WOULD_BLOCK && e.code() != ErrorCode.NO_SPACE) {
                        throw e;
                    }
                }
            }
            for (StoredFile file : files) {
                file.close();
            }
        }
    }

    private static void step(StoredVolume volume, StoredFile file, int f, MemorySegment memory, Random random)
            throws HoldfastException {
        int block = random.nextInt(BLOCKS);
        int count = Math.min(BLOCKS - block, 1 + random.nextInt(random.nextInt(10) == 0 ? BLOCKS : 4));
        long offset = block * 4096L;
        long length = count * 4096L;
        switch (random.nextInt(20)) {
            case 0 -> file.punch(offset, length);
            case 1 -> file.zero(offset, length);
            case 2 -> file.allocate(offset, length);
            case 3 -> file.truncate(offset);
            case 4 -> file.flush();
            case 5 -> {
                if (random.nextInt(4) == 0) {
                    volume.sync();
                }
            }
            case 6 -> {
                if (random.nextInt(10) == 0) {
                    volume.checkpoint();
                }
            }
            case 7 -> file.map(0, BLOCKS * 4096L, 1000);
            case 8 -> shortLived(volume, memory, random);
            case 9 -> volume.setAttributes("/f" + f, AttributeChange.mode(random.nextInt(0777)));
            case 10, 11, 12, 13 -> {
                Set<ReadFlag> flags = EnumSet.noneOf(ReadFlag.class);
                if (random.nextBoolean()) {
                    flags.add(ReadFlag.DIRECT);
                }
                if (random.nextInt(4) == 0) {
                    flags.add(ReadFlag.NOWAIT);
                }
                long n = file.read(offset, memory.asSlice(0, length), flags);
                for (int b = 0; b * 4096L + 4096 <= n; b++) {
                    assertBlock(memory.asSlice(b * 4096L, 4096), f, block + b);
                }
            }
            default -> {
                int stamp = random.nextInt();
                for (int b = 0; b < count; b++) {
                    long header = (0x10000L + f * 1000L + block + b) << 32 | (stamp & 0xffffffffL);
                    for (int at = 0; at < 4096; at += 8) {
                        memory.set(ValueLayout.JAVA_LONG, b * 4096L + at, header);
                    }
                }
                Set<WriteFlag> flags = EnumSet.noneOf(WriteFlag.class);
                if (random.nextInt(2) == 0) {
                    flags.add(WriteFlag.DIRECT);
                }
                if (random.nextInt(12) == 0) {
                    flags.add(WriteFlag.FUA);
                }
                if (random.nextInt(6) == 0) {
                    flags.add(WriteFlag.NOWAIT);
                }
                file.write(offset, memory.asSlice(0, length), flags);
            }
        }
    }

    /** A file of this thread alone, removed while it is open and dirty. */
    private static void shortLived(StoredVolume volume, MemorySegment memory, Random random) throws HoldfastException {
        String name = "/t" + Thread.currentThread().threadId();
        try (StoredFile file = volume.create(name, CreateOptions.file())) {
            try {
                file.write(random.nextInt(9) * 1000L, memory.asSlice(0, 8192));
                if (random.nextBoolean()) {
                    file.flush();
                }
            } finally {
                volume.remove(name);
            }
            file.write(0, memory.asSlice(0, 4096));
        }
    }

    /** Two threads append to each other's tail: nothing that was written is zeroed by the other one's growth. */
    @Test
    void growthOfOneDoesNotZeroWhatAnotherWrote() throws Exception {
        MemoryDevice device = TestVolumes.formatted(16);
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1)) {
            for (int i = 0; i < 300; i++) {
                try (StoredFile file = volume.create("/g" + i, CreateOptions.file())) {
                    file.write(0, MemorySegment.ofArray(new byte[100]));
                    byte[] ones = new byte[2000];
                    java.util.Arrays.fill(ones, (byte) 1);
                    together(
                            i,
                            List.of(
                                    random -> file.write(100, MemorySegment.ofArray(ones)),
                                    random -> file.write(8192, MemorySegment.ofArray(ones)),
                                    random -> file.write(4096, MemorySegment.ofArray(ones))));
                    byte[] read = new byte[10192];
                    assertThat(file.read(0, MemorySegment.ofArray(read))).isEqualTo(read.length);
                    for (int at = 0; at < 2000; at++) {
                        assertThat(read[100 + at] + read[4096 + at] + read[8192 + at])
                                .as("round %d byte %d", i, at)
                                .isEqualTo(3);
                    }
                }
                volume.remove("/g" + i);
            }
        }
    }
}
