package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A sparse volume on a host without one free block. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FullHostTest {
    /** So large that the log's runs have some hundred blocks. */
    private static final int MIB = 512;

    private static final Set<Thread.State> WAITS = Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);

    private final MemorySegment memory = Arena.ofShared().allocate(1 << 20, 4096);
    private MemoryDevice device = new MemoryDevice("memory", (long) MIB << 8);
    private final BitSet taken = new BitSet();

    /** A volume with some content, as its last mount left it. */
    private void volume(boolean closed) throws HoldfastException {
        FullHost host = new FullHost(device, taken, true);
        VolumeOnDevice.format(host, ChecksumAlgorithm.CRC32C, "test", InstantSource.system(), new Random(1));
        StoredVolume volume = TestVolumes.open(host, 2);
        try (StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, memory);
            file.flush();
        }
        if (closed) {
            volume.close();
            return;
        }
        BitSet room = (BitSet) taken.clone();
        MemoryDevice image = device.copy();
        volume.close();
        device = image;
        taken.clear();
        taken.or(room);
    }

    private FullHost full() {
        FullHost host = new FullHost(device, taken, true);
        host.setFull(true);
        return host;
    }

    /** What opening writes has its room since the last mount: superblocks, and the log's next blocks. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theVolumeCanBeOpenedForWriting(boolean closed) throws Exception {
        volume(closed);
        FullHost host = full();
        try (Volume volume = TestVolumes.open(host, 3)) {
            assertThat(volume.failure()).isEmpty();
            assertThat(volume.status("/f").size()).isEqualTo(memory.byteSize());
            // A change that frees space goes on, and is durable.
            volume.remove("/f");
            volume.sync();
            host.setFull(false);
        }
        try (Volume volume = TestVolumes.open(new FullHost(device, taken, true), 4)) {
            assertThatThrownBy(() -> volume.status("/f"))
                    .isInstanceOfSatisfying(
                            HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
        }
    }

    @Test
    void withoutRoomForTheLogItIsRefusedAndNothingIsChanged() throws Exception {
        volume(true);
        taken.clear();
        for (long block : device.storedBlockNumbers()) {
            taken.set((int) block);
        }
        // As after a copy that left out what was never written: the log's next blocks have no room.
        MemoryDevice before = device.copy();
        assertThatThrownBy(() -> TestVolumes.open(full(), 3))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE));
        assertThat(device.storedBlockNumbers()).isEqualTo(before.storedBlockNumbers());
    }

    /**
     * Where the host cannot be asked for room, a record has its place already when it finds none. A checkpoint waits for that
     * record, so whoever asked for the checkpoint is refused.
     */
    @Test
    void whoAsksForACheckpointDoesNotWaitForRoomThatARecordWaitsFor() throws Exception {
        FullHost host = new FullHost(device, taken, false);
        VolumeOnDevice.format(host, ChecksumAlgorithm.CRC32C, "test", InstantSource.system(), new Random(1));
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch asked = new CountDownLatch(1);
        AtomicReference<HoldfastException> refused = new AtomicReference<>();
        try (StoredVolume volume = TestVolumes.open(host, 2);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            volume.checkpoint();
            host.beforeWrite(() -> {
                arrived.countDown();
                awaitUninterrupted(asked);
            });
            Thread writer = Thread.ofPlatform().start(() -> {
                try {
                    file.write(0, memory.asSlice(0, 4096), Set.of(WriteFlag.DIRECT));
                } catch (HoldfastException e) {
                    throw new IllegalStateException(e);
                }
            });
            arrived.await();
            Thread asking = Thread.ofPlatform().start(() -> {
                try {
                    volume.checkpoint();
                } catch (HoldfastException e) {
                    refused.set(e);
                }
            });
            while (asking.isAlive() && !WAITS.contains(asking.getState())) {
                Thread.onSpinWait();
            }
            host.setFull(true);
            host.beforeWrite(() -> {});
            asked.countDown();
            asking.join();
            assertThat(refused.get())
                    .isNotNull()
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE));
            host.setFull(false);
            writer.join();
            volume.checkpoint();
        }
    }

    /** As above: the page of the record is being written back, and a flush is no reason to wait for the host, either. */
    @Test
    void aFlushDoesNotWaitForRoomThatARecordWaitsFor() throws Exception {
        FullHost host = new FullHost(device, taken, false);
        VolumeOnDevice.format(host, ChecksumAlgorithm.CRC32C, "test", InstantSource.system(), new Random(1));
        try (StoredVolume volume = TestVolumes.open(host, 2);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            volume.checkpoint();
            CountDownLatch stuck = new CountDownLatch(1);
            host.setFull(true);
            host.beforeWrite(stuck::countDown);
            Thread writer = Thread.ofPlatform().start(() -> {
                try {
                    file.write(0, memory.asSlice(0, 4096), Set.of(WriteFlag.DIRECT));
                } catch (HoldfastException e) {
                    throw new IllegalStateException(e);
                }
            });
            stuck.await();
            assertThatThrownBy(file::flush)
                    .isInstanceOfSatisfying(
                            HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE));
            host.setFull(false);
            writer.join();
            file.flush();
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
