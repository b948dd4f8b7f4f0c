package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.CrashRule;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Flush and FUA reach the device, once for all that wait, and not for nothing. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FlushCountTest {
    private final MemorySegment memory = Arena.ofShared().allocate(4096, 4096);

    @Test
    void everyFlushWithSomethingToDoReachesTheDeviceAndNoOther() throws Exception {
        MemoryDevice device = TestVolumes.formatted(16);
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(device), 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, memory);
            file.flush();
            long before = volume.counters().deviceFlushes();
            for (int i = 0; i < 10; i++) {
                file.write(4096L * i, memory);
                file.flush();
            }
            assertThat(volume.counters().deviceFlushes()).isEqualTo(before + 10);
            for (int i = 0; i < 10; i++) {
                file.write(4096L * i, memory, Set.of(WriteFlag.FUA));
            }
            assertThat(volume.counters().deviceFlushes()).isEqualTo(before + 20);
            for (int i = 0; i < 10; i++) {
                file.flush();
                volume.sync();
            }
            assertThat(volume.counters().deviceFlushes()).isEqualTo(before + 20);
        }
    }

    @Test
    void flushesAtTheSameTimeShareOne() throws Exception {
        int threads = 16;
        FaultDevice device = TestVolumes.through(TestVolumes.formatted(16));
        try (StoredVolume volume = TestVolumes.open(device, 1)) {
            List<StoredFile> files = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                files.add(volume.create("/f" + i, CreateOptions.file()));
                files.getLast().write(0, memory, Set.of(WriteFlag.DIRECT));
            }
            volume.sync();
            // The first flush waits in the device until all others have written and wait behind it.
            CountDownLatch written = new CountDownLatch(threads);
            AtomicBoolean first = new AtomicBoolean(true);
            device.setHook(new IoHook() {
                @Override
                public void before(Operation operation, long block, long blocks) {
                    if (operation == Operation.FLUSH && first.getAndSet(false)) {
                        try {
                            written.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                }
            });
            long before = volume.counters().deviceFlushes();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            List<Thread> running = new ArrayList<>();
            for (StoredFile file : files) {
                running.add(Thread.ofVirtual().start(() -> {
                    try {
                        file.write(0, memory, Set.of(WriteFlag.DIRECT));
                        written.countDown();
                        file.flush();
                    } catch (Throwable e) {
                        failure.compareAndSet(null, e);
                    }
                }));
            }
            for (Thread thread : running) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            // One that waited, one for all the others; a few more if some came late.
            assertThat(volume.counters().deviceFlushes() - before).isBetween(1L, threads / 2L);
        }
    }

    /** Blocks that are no neighbours need the most room in a header, and the file's record is to be in the first. */
    @Test
    void eachFullBatchOfWritebackIsOneWrite() throws Exception {
        int batches = 3;
        // As DURABILITY.md says. With 110 to a batch the record would not fit beside them, and take one write more.
        int blocks = batches * 107;
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(TestVolumes.formatted(64)), 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, memory);
            file.flush();
            for (int i = 0; i < blocks; i++) {
                file.write(8192L * i, memory);
            }
            long records = volume.counters().logRecords();
            long writes = volume.counters().deviceWrites();
            file.flush();
            assertThat(volume.counters().logRecords() - records).isEqualTo(batches);
            assertThat(volume.counters().deviceWrites() - writes).isEqualTo(batches);
        }
    }

    @Test
    void readingOnlyWritesNothing() throws Exception {
        FaultDevice device = new FaultDevice(TestVolumes.formatted(16));
        MemoryDevice image;
        try (StoredVolume volume = TestVolumes.open(device, 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, memory);
            file.flush();
            image = device.imageAfterCrash(new CrashRule.DropAll());
        }
        FaultDevice again = new FaultDevice(image);
        try (StoredVolume volume = TestVolumes.openReadOnly(again);
                StoredFile file = volume.open("/f")) {
            assertThat(volume.recovery().records()).isPositive();
            assertThat(file.read(0, MemorySegment.ofArray(new byte[4096]))).isEqualTo(4096);
        }
        assertThat(again.counts().writes()).isZero();
        assertThat(again.counts().flushes()).isZero();
    }
}
