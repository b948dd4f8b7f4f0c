package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.background.JumpingTime;
import io.holdfast.concurrent.Timing;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobState;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A check as a job: what a pause, a rate, and an end do to it; and what it leaves out when it is asked to. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CheckJobTest {
    private static final int BLOCK = 4096;
    private static final int FILE_BLOCKS = 600;
    private static final Instant NOW = Instant.ofEpochSecond(1_900_000_000);

    private final MemoryDevice memory = new MemoryDevice("memory", 8192);
    private final FaultDevice device = new FaultDevice(memory);
    private final JumpingTime time = new JumpingTime();
    private final AtomicInteger reads = new AtomicInteger();
    private final AtomicLong blocksRead = new AtomicLong();

    private Volume open(Timing timing) throws HoldfastException {
        return VolumeOnDevice.open(
                device,
                // So little that the check reads with one thread, whose time jumps.
                OpenOptions.readWrite().withMemory(16L << 20),
                new VolumeOnDevice.Environment(InstantSource.fixed(NOW), new Random(2), timing));
    }

    /** Returns an open volume with some files; all reads are counted from here on. */
    private Volume filled(Timing timing) throws HoldfastException {
        time.jumpInThisThread();
        VolumeOnDevice.format(memory, ChecksumAlgorithm.CRC32C, "", InstantSource.system(), new Random(1));
        Volume volume = open(timing);
        for (int i = 0; i < 4; i++) {
            try (StoredFile file = volume.create("/f" + i, CreateOptions.file())) {
                write(file, i);
            }
        }
        volume.checkpoint();
        onRead(_ -> {});
        return volume;
    }

    private static void write(StoredFile file, int value) throws HoldfastException {
        byte[] bytes = new byte[FILE_BLOCKS * BLOCK];
        Arrays.fill(bytes, (byte) value);
        file.write(0, MemorySegment.ofArray(bytes));
        file.flush();
    }

    private interface OnRead {
        void read(int nth) throws HoldfastException;
    }

    /** Calls something before each read of the thread that sets this. */
    private void onRead(OnRead call) {
        Thread own = Thread.currentThread();
        reads.set(0);
        blocksRead.set(0);
        device.setHook(new IoHook() {
            @Override
            public void before(Operation operation, long block, long blocks) {
                if (operation == Operation.READ && Thread.currentThread().equals(own)) {
                    blocksRead.addAndGet(blocks);
                    quietly(() -> call.read(reads.incrementAndGet()));
                }
            }
        });
    }

    private interface Action {
        void run() throws HoldfastException;
    }

    private static void quietly(Action action) {
        try {
            action.run();
        } catch (HoldfastException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JobStatus check(Volume volume) throws HoldfastException {
        return volume.jobs().list().stream()
                .filter(job -> job.kind() == JobKind.CHECK)
                .findFirst()
                .orElseThrow();
    }

    private static void refused(ErrorCode code, String message, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(HoldfastException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e).hasMessageContaining(message);
        });
    }

    @Test
    void aCheckIsAJobWithItsProgress() throws HoldfastException {
        try (Volume volume = filled(time)) {
            AtomicReference<@Nullable JobStatus> seen = new AtomicReference<>();
            onRead(nth -> seen.set(check(volume)));
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
            JobStatus job = seen.get();
            assertThat(job).isNotNull();
            assertThat(job.subject()).isEqualTo("the volume");
            assertThat(job.state()).isEqualTo(JobState.RUNNING);
            assertThat(job.movedBytes()).isGreaterThan(4L * FILE_BLOCKS * BLOCK);
            assertThat(job.percent()).isBetween(0, 100);
            assertThat(volume.jobs().list()).extracting(JobStatus::kind).containsExactly(JobKind.REAP);
        }
    }

    @Test
    void aPausedCheckReadsNothingAndGoesOnWhenItIsResumed() throws HoldfastException {
        try (Volume volume = filled(time)) {
            volume.check(Progress.NONE);
            int all = reads.get();
            for (int at = 1; at <= all; at++) {
                int pauseAt = at;
                onRead(nth -> {
                    if (nth == pauseAt) {
                        volume.jobs().pause(check(volume).id());
                    }
                });
                AtomicInteger before = new AtomicInteger();
                time.whileWaiting(() -> before.set(reads.get()));
                time.whileWaiting(() -> assertThat(reads.get()).isEqualTo(before.get()));
                time.whileWaiting(() -> quietly(() -> {
                    assertThat(check(volume).state()).isEqualTo(JobState.PAUSED);
                    volume.jobs().resume(check(volume).id());
                }));
                CheckReport report = volume.check(Progress.NONE);
                assertThat(report.problems()).isEmpty();
                assertThat(report.unproven()).isEmpty();
                assertThat(report.blocksVerified()).as("each block counts once").isEqualTo(4L * FILE_BLOCKS);
                time.forget();
            }
        }
    }

    /** What was overwritten is free soon, however long the pause is. */
    @Test
    void aPausedCheckKeepsNoSpaceFromWriters() throws HoldfastException {
        try (Volume volume = filled(time)) {
            onRead(nth -> {
                if (nth == 4) {
                    volume.jobs().pause(check(volume).id());
                }
            });
            time.whileWaiting(() -> quietly(() -> {
                try (StoredFile file = volume.open("/f1")) {
                    write(file, 9);
                }
                volume.checkpoint();
                volume.checkpoint();
                assertThat(volume.usage().pending()).isLessThan((long) FILE_BLOCKS * BLOCK);
                volume.jobs().resume(check(volume).id());
            }));
            CheckReport report = volume.check(Progress.NONE);
            assertThat(report.problems()).isEmpty();
            assertThat(report.unproven()).isEmpty();
        }
    }

    /** The job has been asked before the first of them is read, for all of them. */
    @Test
    void readsOfSuperblocksAreReadsOfTheJob() throws HoldfastException {
        try (Volume volume = filled(time)) {
            AtomicLong moved = new AtomicLong(-1);
            device.setHook(new IoHook() {
                @Override
                public void before(Operation operation, long block, long blocks) {
                    if (operation == Operation.READ && block == 0 && moved.get() < 0) {
                        quietly(() -> moved.set(check(volume).movedBytes()));
                    }
                }
            });
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
            assertThat(moved.get()).isGreaterThanOrEqualTo(4L * BLOCK);
        }
    }

    @Test
    void theRateIsObeyed() throws HoldfastException {
        try (Volume volume = filled(time)) {
            int rate = 1 << 20;
            onRead(_ -> {});
            long start = time.nanoTime();
            assertThat(volume.check(CheckOptions.ALL.withRate(rate), Progress.NONE)
                            .problems())
                    .isEmpty();
            double seconds = (time.nanoTime() - start) / 1e9;
            double least = (double) blocksRead.get() * BLOCK / rate;
            assertThat(seconds).isBetween(least * 0.85, least * 1.6);
            refused(ErrorCode.INVALID, "rate", () -> volume.check(CheckOptions.ALL.withRate(-1), Progress.NONE));
        }
    }

    @Test
    void theRateCanBeChangedWhileItRuns() throws HoldfastException {
        try (Volume volume = filled(time)) {
            time.whileWaiting(() ->
                    quietly(() -> volume.jobs().limit(check(volume).id(), 0)));
            long start = time.nanoTime();
            assertThat(volume.check(CheckOptions.ALL.withRate(1), Progress.NONE).clean())
                    .isTrue();
            assertThat(time.nanoTime() - start).isLessThan(1_000_000_000);
        }
    }

    @Test
    void aCancelledCheckEndsWithAClearMessage() throws HoldfastException {
        try (Volume volume = filled(time)) {
            for (int at = 1; at <= 4; at++) {
                int cancelAt = at;
                onRead(nth -> {
                    if (nth == cancelAt) {
                        volume.jobs().cancel(check(volume).id());
                    }
                });
                refused(ErrorCode.CANCELLED, "the check was cancelled (job ", () -> volume.check(Progress.NONE));
                // The superblocks are read at once, without asking.
                assertThat(reads.get()).isLessThan(at + 12);
            }
            assertThat(volume.lastCheck()).isEmpty();
            onRead(_ -> {});
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
        }
    }

    @Test
    void whoWaitsForACheckCanEndItAlsoWhileItIsPaused() throws HoldfastException {
        try (Volume volume = filled(time)) {
            onRead(nth -> volume.jobs().pause(check(volume).id()));
            AtomicInteger calls = new AtomicInteger();
            time.whileWaiting(() -> calls.set(1));
            assertThatThrownBy(() -> volume.check((_, _) -> {
                        if (calls.get() > 0) {
                            throw new IllegalStateException("gone");
                        }
                    }))
                    .hasMessage("gone");
            assertThat(volume.jobs().list()).hasSize(1);
        }
    }

    @Test
    void closingEndsACheckThatIsPaused() throws Exception {
        Volume volume = filled(Timing.SYSTEM);
        CountDownLatch paused = new CountDownLatch(1);
        AtomicReference<@Nullable Throwable> end = new AtomicReference<>();
        Thread checker = Thread.ofPlatform().start(() -> {
            onRead(nth -> {
                volume.jobs().pause(check(volume).id());
                paused.countDown();
            });
            try {
                volume.check(Progress.NONE);
            } catch (HoldfastException | RuntimeException e) {
                end.set(e);
            }
        });
        paused.await();
        volume.close();
        checker.join();
        refused(ErrorCode.CLOSED, "the volume is being closed", () -> {
            throw end.get();
        });
    }

    @Test
    void onlyOneCheckRunsAtATime() throws HoldfastException {
        try (Volume volume = filled(time)) {
            onRead(nth -> {
                if (nth == 2) {
                    refused(
                            ErrorCode.IN_USE,
                            "a check runs already (job 2, running",
                            () -> volume.check(Progress.NONE));
                }
            });
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
        }
    }

    private long blockOf(Volume volume, String path) throws HoldfastException {
        // The first check after the damage says where it is.
        return volume.check(new CheckOptions(false, List.of(path), 0), Progress.NONE)
                .problems()
                .getFirst()
                .block();
    }

    /** Spoils a block of data that has nothing but the value. */
    private void spoil(int value) {
        for (long block = memory.blocks() - 1; block > 0; block--) {
            byte[] bytes = memory.block(block);
            if (bytes[0] == value && bytes[7] == value && bytes[BLOCK - 1] == value) {
                bytes[7] ^= 1;
                memory.setBlock(block, bytes);
                return;
            }
        }
        throw new IllegalStateException("there is no such block");
    }

    @Test
    void ofMetadataOnlyNoDataIsRead() throws HoldfastException {
        try (Volume volume = filled(time)) {
            spoil(2);
            CheckReport report = volume.check(new CheckOptions(true, List.of(), 0), Progress.NONE);
            assertThat(report.problems()).isEmpty();
            assertThat(report.blocksVerified()).isZero();
            assertThat(report.files()).isEqualTo(4);
            assertThat(report.metadataBlocks()).isPositive();
            assertThat(blocksRead.get()).isLessThan(FILE_BLOCKS);
            assertThat(volume.lastCheck()).as("it was no whole check").isEmpty();
            assertThat(volume.check(Progress.NONE).problems()).hasSize(1);
        }
    }

    @Test
    void ofAFileItsDataAloneIsRead() throws HoldfastException {
        try (Volume volume = filled(time)) {
            spoil(2);
            CheckReport other = volume.check(new CheckOptions(false, List.of("/f1"), 0), Progress.NONE);
            assertThat(other.problems()).isEmpty();
            assertThat(other.blocksVerified()).isEqualTo(FILE_BLOCKS);
            CheckReport both = volume.check(new CheckOptions(false, List.of("/f2", "/f1", "/f2"), 0), Progress.NONE);
            assertThat(both.problems()).hasSize(1);
            assertThat(both.problems().getFirst().inode())
                    .isEqualTo(volume.status("/f2").inode());
            assertThat(both.blocksVerified()).isEqualTo(2L * FILE_BLOCKS - 1);
            assertThat(blockOf(volume, "/f2")).isPositive();
            CheckReport map = volume.check(new CheckOptions(true, List.of("/f2"), 0), Progress.NONE);
            assertThat(map.problems()).isEmpty();
            assertThat(map.metadataBlocks()).isPositive();
            assertThat(volume.lastCheck()).isEmpty();
            refused(
                    ErrorCode.NOT_FOUND,
                    "/f9",
                    () -> volume.check(new CheckOptions(false, List.of("/f9"), 0), Progress.NONE));
            refused(
                    ErrorCode.INVALID,
                    "not a regular file",
                    () -> volume.check(new CheckOptions(false, List.of("/"), 0), Progress.NONE));
        }
    }

    @Test
    void theLastCheckSurvivesACrash() throws HoldfastException {
        try (Volume volume = filled(time)) {
            assertThat(volume.lastCheck()).isEmpty();
            volume.check(Progress.NONE);
            FinishedCheck clean = volume.lastCheck().orElseThrow();
            assertThat(clean.finished()).isEqualTo(NOW);
            assertThat(clean.result()).isEqualTo(FinishedCheck.Result.CLEAN);
            try (Volume crashed = VolumeOnDevice.open(
                    memory.copy(), OpenOptions.readWrite(), InstantSource.system(), new Random(3))) {
                assertThat(crashed.lastCheck()).contains(clean);
            }
            spoil(2);
            spoil(2);
            volume.check(Progress.NONE);
            assertThat(volume.lastCheck().orElseThrow().problems()).isEqualTo(2);
            assertThat(volume.lastCheck().orElseThrow().result()).isEqualTo(FinishedCheck.Result.DAMAGED);
        }
    }

    private Volume openAgain() throws HoldfastException {
        return VolumeOnDevice.open(
                new FaultDevice(memory),
                OpenOptions.readWrite().withMemory(16L << 20),
                InstantSource.fixed(NOW),
                new Random(4));
    }

    private static JobStatus reaper(Volume volume) throws HoldfastException {
        return volume.jobs().list().stream()
                .filter(job -> job.kind() == JobKind.REAP)
                .findFirst()
                .orElseThrow();
    }

    /** Of the freeing of removed files, durably when the call returns. */
    @Test
    void thePauseAndTheRateOfTheReaperSurviveACrash() throws HoldfastException {
        try (Volume volume = filled(time)) {
            volume.jobs().pause(reaper(volume).id());
            volume.jobs().limit(reaper(volume).id(), 12_345);
            volume.check(Progress.NONE);
            try (Volume crashed = VolumeOnDevice.open(
                    memory.copy(), OpenOptions.readWrite(), InstantSource.system(), new Random(3))) {
                assertThat(reaper(crashed).state()).isEqualTo(JobState.PAUSED);
                assertThat(reaper(crashed).limit()).isEqualTo(12_345);
                assertThat(crashed.lastCheck()).isPresent();
                crashed.jobs().resume(reaper(crashed).id());
                crashed.jobs().limit(reaper(crashed).id(), 0);
                assertThat(reaper(crashed).limit()).isZero();
            }
        }
    }

    /** A check that begins again with the next mount has what was set of it, until it has come to its end. */
    @Test
    void thePauseAndTheRateOfALastingCheckSurviveTheMount() throws Exception {
        AtomicReference<@Nullable HoldfastException> ended = new AtomicReference<>();
        Volume first = filled(Timing.SYSTEM);
        Thread cut = Thread.ofPlatform().start(() -> {
            try {
                first.check(
                        CheckOptions.LASTING,
                        (done, total) -> quietly(() -> {
                            if (check(first).state() != JobState.PAUSED) {
                                first.jobs().limit(check(first).id(), 50L << 20);
                                first.jobs().pause(check(first).id());
                            }
                        }));
            } catch (HoldfastException e) {
                ended.set(e);
            }
        });
        while (first.jobs().list().stream().noneMatch(job -> job.state() == JobState.PAUSED)) {
            Thread.onSpinWait();
        }
        first.close();
        cut.join();
        assertThat(ended.get()).isNotNull().satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
        try (Volume volume = openAgain()) {
            assertThat(volume.lastCheck()).isEmpty();
            // One that somebody asks for is another matter.
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
            Thread check =
                    Thread.ofPlatform().start(() -> quietly(() -> volume.check(CheckOptions.LASTING, Progress.NONE)));
            while (volume.jobs().list().size() < 2) {
                Thread.onSpinWait();
            }
            assertThat(check(volume).state()).isEqualTo(JobState.PAUSED);
            assertThat(check(volume).limit()).isEqualTo(50L << 20);
            volume.jobs().resume(check(volume).id());
            check.join();
            assertThat(volume.lastCheck()).isPresent();
        }
        try (Volume volume = openAgain()) {
            volume.check(
                    CheckOptions.LASTING,
                    (done, total) -> quietly(() -> {
                        assertThat(check(volume).state()).isEqualTo(JobState.RUNNING);
                        assertThat(check(volume).limit()).isZero();
                    }));
        }
    }
}
