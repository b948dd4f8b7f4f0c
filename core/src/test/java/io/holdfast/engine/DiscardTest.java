package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.concurrent.Timing;
import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.Discard;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Free space is given back to the device, and nothing else; whoever writes meanwhile gets other blocks. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiscardTest {
    private static final int BLOCKS = 8192;
    private static final int GONE = 3000;
    private static final long NEVER = TimeUnit.DAYS.toNanos(1);

    private final MemoryDevice memory = new MemoryDevice("memory", BLOCKS);
    private final Set<Long> discarded = Collections.synchronizedSet(new HashSet<>());
    private volatile @Nullable HoldfastException failure;
    private final AtomicInteger failed = new AtomicInteger();
    private volatile boolean supported = true;
    /** A discard that waits here has begun. */
    private final CountDownLatch begun = new CountDownLatch(1);
    /** The first discard waits for this. */
    private final AtomicReference<CountDownLatch> held = new AtomicReference<>(new CountDownLatch(0));

    private final class Discarded extends ForwardingDevice {
        Discarded(Device device) {
            super(device);
        }

        @Override
        public boolean discard(long block, long count) throws HoldfastException {
            HoldfastException why = failure;
            if (why != null) {
                failed.incrementAndGet();
                throw why;
            }
            begun.countDown();
            try {
                held.get().await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            for (long b = block; b < block + count; b++) {
                discarded.add(b);
            }
            return supported && super.discard(block, count);
        }

        @Override
        public void close() {}
    }

    private StoredVolume open(long pass, Discard discard) throws HoldfastException {
        return (StoredVolume) VolumeOnDevice.open(
                new Discarded(memory),
                OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY).withDiscard(discard),
                new VolumeOnDevice.Environment(
                        InstantSource.system(), new Random(1), Timing.SYSTEM, Layout.GROUP_LOG2_MIN, pass));
    }

    private StoredVolume open() throws HoldfastException {
        return open(NEVER, Discard.AUTO);
    }

    @BeforeEach
    void fill() throws HoldfastException {
        VolumeOnDevice.format(
                new Discarded(memory),
                ChecksumAlgorithm.CRC32C,
                "test",
                new VolumeOnDevice.Environment(
                        InstantSource.system(), new Random(1), Timing.SYSTEM, Layout.GROUP_LOG2_MIN));
        try (StoredVolume volume = open()) {
            FilledFiles.write(volume, "/keep", 500, 1);
            FilledFiles.write(volume, "/gone", GONE, 2);
            FilledFiles.write(volume, "/keep too", 500, 3);
        }
    }

    private void assertWhole(StoredVolume volume) throws HoldfastException {
        FilledFiles.assertContent(volume, "/keep", 500, 1);
        FilledFiles.assertContent(volume, "/keep too", 500, 3);
        assertThat(volume.check(Progress.NONE).problems()).isEmpty();
    }

    /** Removes the file, and has its blocks free. */
    private static void remove(StoredVolume volume) throws HoldfastException {
        volume.remove("/gone");
        Settled.settle(volume);
    }

    @Test
    void aTrimGivesBackAllThatIsFreeAndNothingElse() throws Exception {
        try (StoredVolume volume = open()) {
            remove(volume);
            long free = volume.usage().free();
            long given = volume.trim(Progress.NONE);
            // But for those that are allocated next. What was never in use is left alone.
            assertThat(given).isBetween((GONE - 200) * 4096L, free).isEqualTo(discarded.size() * 4096L);
            assertThat(volume.usage().free()).isEqualTo(free);
            assertWhole(volume);
            FilledFiles.write(volume, "/new", GONE, 5);
        }
        try (StoredVolume volume = open()) {
            assertWhole(volume);
            FilledFiles.assertContent(volume, "/new", GONE, 5);
        }
    }

    @Test
    void whatBecomesFreeIsGivenBackInTheBackground() throws Exception {
        try (StoredVolume volume = open(TimeUnit.MILLISECONDS.toNanos(1), Discard.AUTO)) {
            while (jobs(volume) == 0) {
                Thread.onSpinWait();
            }
            // Nobody asks for a checkpoint: what was cut off comes free all the same.
            try (StoredFile file = volume.open("/gone")) {
                file.punch(0, GONE * 4096L);
            }
            begun.await();
            while (discarded.size() < GONE / 2) {
                Thread.onSpinWait();
            }
            assertWhole(volume);
        }
        try (StoredVolume volume = open()) {
            assertWhole(volume);
        }
    }

    private static long jobs(StoredVolume volume) throws HoldfastException {
        return volume.jobs().list().stream()
                .map(JobStatus::kind)
                .filter(JobKind.DISCARD::equals)
                .count();
    }

    @Test
    void nothingIsGivenBackIfThatIsSwitchedOff() throws Exception {
        try (StoredVolume volume = open(1, Discard.OFF)) {
            remove(volume);
            assertThat(jobs(volume)).isZero();
        }
        assertThat(discarded).isEmpty();
    }

    /** A writer that fills the volume meanwhile gets no block that is being discarded, and no error: it waits for the last ones. */
    @Test
    void nobodyGetsABlockWhoseDiscardIsUnderWay() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        held.set(goOn);
        try (StoredVolume volume = open()) {
            remove(volume);
            Thread trim = Thread.ofPlatform().start(() -> {
                try {
                    volume.trim(Progress.NONE);
                } catch (HoldfastException e) {
                    throw new AssertionError(e);
                }
            });
            begun.await();
            int blocks = (int) (volume.usage().free() / 4096 / 2);
            FilledFiles.write(volume, "/new", blocks, 5);
            Thread more = Thread.ofPlatform().start(() -> {
                try {
                    FilledFiles.write(volume, "/more", 200, 6);
                } catch (HoldfastException e) {
                    throw new AssertionError(e);
                }
            });
            goOn.countDown();
            trim.join();
            more.join();
            FilledFiles.assertContent(volume, "/new", blocks, 5);
            FilledFiles.assertContent(volume, "/more", 200, 6);
            assertWhole(volume);
            TestVolumes.assertAtRest(volume);
        }
    }

    @Test
    void aDeviceThatCannotSaysSo() throws Exception {
        supported = false;
        try (StoredVolume volume = open()) {
            assertThatExceptionOfType(HoldfastException.class)
                    .isThrownBy(() -> volume.trim(Progress.NONE))
                    .matches(e -> e.code() == ErrorCode.UNSUPPORTED)
                    .withMessageContaining("memory");
            FilledFiles.write(volume, "/new", GONE, 5);
            assertWhole(volume);
        }
    }

    @Test
    void aDiscardThatFailsHurtsNobody() throws Exception {
        failure = new HoldfastException(ErrorCode.HOST_FULL, "memory: no room to give room back");
        try (StoredVolume volume = open(TimeUnit.MILLISECONDS.toNanos(1), Discard.ASYNC)) {
            while (jobs(volume) == 0) {
                Thread.onSpinWait();
            }
            remove(volume);
            while (failed.get() < 2) {
                Thread.onSpinWait();
            }
            assertThatExceptionOfType(HoldfastException.class)
                    .isThrownBy(() -> volume.trim(Progress.NONE))
                    .matches(e -> e.code() == ErrorCode.HOST_FULL);
            FilledFiles.write(volume, "/new", GONE, 5);
            assertWhole(volume);
            assertThat(volume.failure()).isEmpty();
            // What failed comes again.
            failure = null;
            volume.remove("/new");
            while (discarded.isEmpty()) {
                Thread.onSpinWait();
            }
            assertWhole(volume);
            TestVolumes.assertAtRest(volume);
        }
    }
}
