package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.Fault;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several writes handed over together. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WriteTogetherTest {
    private static final int BLOCK = 4096;

    private MemoryDevice medium;
    private FaultDevice device;

    @BeforeEach
    void format() throws Exception {
        medium = TestVolumes.formatted(16);
        device = new FaultDevice(medium);
    }

    private static byte[] filled(int bytes, int value) {
        byte[] content = new byte[bytes];
        Arrays.fill(content, (byte) value);
        return content;
    }

    private static WritePiece piece(long block, int blocks, int value) {
        return new WritePiece(block * BLOCK, MemorySegment.ofArray(filled(blocks * BLOCK, value)));
    }

    private static void assertBlocks(StoredFile file, long first, int count, int value) throws HoldfastException {
        byte[] bytes = new byte[count * BLOCK];
        assertThat(file.read(first * BLOCK, MemorySegment.ofArray(bytes))).isEqualTo(bytes.length);
        assertThat(bytes).as("blocks from %d on", first).isEqualTo(filled(bytes.length, value));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void bringsAllOfThemToTheDeviceAtOnce(boolean checksummed) throws Exception {
        CreateOptions options = CreateOptions.file();
        try (StoredVolume volume = TestVolumes.open(device, 1);
                StoredFile file = volume.create("/f", checksummed ? options : options.withoutChecksum())) {
            file.write(0, MemorySegment.ofArray(filled(90 * BLOCK, 1)));
            file.flush();
            // Acknowledged, and in memory only.
            file.write(33 * BLOCK, MemorySegment.ofArray(filled(BLOCK, 9)));
            AtomicInteger writes = new AtomicInteger();
            device.setHook(new IoHook() {
                @Override
                public void before(Operation operation, long block, long blocks) {
                    if (operation == Operation.WRITE) {
                        writes.incrementAndGet();
                    }
                }
            });
            assertThat(file.writeTogether(List.of(piece(60, 3, 4), piece(0, 16, 2), piece(32, 16, 3), piece(63, 1, 5))))
                    .isTrue();
            assertThat(writes.get()).isBetween(1, 3);
            device.setHook(IoHook.NONE);
            verify(file);
            file.flush();
        }
        try (StoredVolume volume = TestVolumes.open(new FaultDevice(medium), 2);
                StoredFile file = volume.open("/f")) {
            verify(file);
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
        }
    }

    private static void verify(StoredFile file) throws HoldfastException {
        assertBlocks(file, 0, 16, 2);
        assertBlocks(file, 16, 16, 1);
        assertBlocks(file, 32, 16, 3);
        assertBlocks(file, 48, 12, 1);
        assertBlocks(file, 60, 3, 4);
        assertBlocks(file, 63, 1, 5);
        assertBlocks(file, 64, 26, 1);
    }

    @Test
    void growsTheFileToTheLastEnd() throws Exception {
        try (StoredVolume volume = TestVolumes.open(device, 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(filled(100, 1)));
            assertThat(file.writeTogether(List.of(piece(9, 2, 3), piece(2, 2, 2))))
                    .isTrue();
            assertThat(file.size()).isEqualTo(11L * BLOCK);
            byte[] tail = new byte[2 * BLOCK];
            file.read(0, MemorySegment.ofArray(tail));
            assertThat(tail).startsWith(filled(100, 1)).endsWith(new byte[2 * BLOCK - 100]);
            assertBlocks(file, 2, 2, 2);
            assertBlocks(file, 4, 5, 0);
            assertBlocks(file, 9, 2, 3);
        }
    }

    @Test
    void refusesWhatItCannotAndWritesNothing() throws Exception {
        try (StoredVolume volume = TestVolumes.open(device, 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            WritePiece good = piece(0, 1, 1);
            assertThat(file.writeTogether(List.of())).isFalse();
            assertThat(file.writeTogether(List.of(good, piece(3, 2, 1), piece(4, 1, 1))))
                    .isFalse();
            assertThat(file.writeTogether(List.of(good, piece(0, 1, 1)))).isFalse();
            assertThat(file.writeTogether(List.of(good, new WritePiece(5000, MemorySegment.ofArray(new byte[BLOCK])))))
                    .isFalse();
            assertThat(file.writeTogether(List.of(good, new WritePiece(8192, MemorySegment.ofArray(new byte[512])))))
                    .isFalse();
            assertThat(file.writeTogether(List.of(good, new WritePiece(8192, MemorySegment.ofArray(new byte[0])))))
                    .isFalse();
            assertThat(file.writeTogether(List.of(good, new WritePiece(-8192, MemorySegment.ofArray(new byte[BLOCK])))))
                    .isFalse();
            assertThat(file.writeTogether(List.of(good, new WritePiece(Long.MAX_VALUE - 4095, good.source()))))
                    .isFalse();
            assertThat(file.writeTogether(List.of(piece(0, 200, 1), piece(300, 57, 1))))
                    .isFalse();
            assertThat(file.size()).isZero();
        }
    }

    @Test
    void refusesWhatTheVolumeHasNoRoomForAsAWhole() throws Exception {
        try (StoredVolume volume = TestVolumes.open(device, 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            long block = 0;
            while (file.writeTogether(List.of(piece(block + 70, 60, 1), piece(block, 60, 2)))) {
                block += 140;
            }
            assertThat(block).isGreaterThan(140);
            assertThat(file.size()).isEqualTo((block - 140 + 130) * BLOCK);
            file.flush();
            assertBlocks(file, block - 140 + 70, 60, 1);
            assertBlocks(file, block - 140, 60, 2);
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
        }
    }

    /** Threads whose pieces overlap, in any order: each block is one thread's, and nobody waits for ever. */
    @Test
    void severalAtOnceDoNotBlockEachOther() throws Exception {
        try (StoredVolume volume = TestVolumes.open(device, 1);
                StoredFile file = volume.create("/f", CreateOptions.file())) {
            List<Thread> threads = new ArrayList<>();
            List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
            for (int t = 1; t <= 4; t++) {
                int value = t;
                threads.add(Thread.ofPlatform().start(() -> {
                    try {
                        writeAtRandom(file, value);
                    } catch (Throwable e) {
                        failures.add(e);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failures).isEmpty();
            for (int block = 0; block < 64; block++) {
                byte[] bytes = new byte[BLOCK];
                file.read((long) block * BLOCK, MemorySegment.ofArray(bytes));
                assertThat(bytes).isEqualTo(filled(BLOCK, bytes[0]));
            }
            volume.sync();
            while (!VolumeOnDevice.held(volume).equals(new VolumeOnDevice.Held(0, 0, 0))) {
                Thread.onSpinWait(); // a checkpoint in the background may have a buffer for a moment
            }
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
        }
    }

    private static void writeAtRandom(StoredFile file, int value) throws HoldfastException {
        Random random = new Random(value);
        for (int i = 0; i < 300; i++) {
            int gap = random.nextInt(8);
            int first = random.nextInt(8);
            WritePiece low = piece(first, 8 + random.nextInt(16), value);
            WritePiece high = piece(first + 24 + gap, 8 + random.nextInt(16), value);
            if (random.nextInt(4) == 0) {
                file.write(low.offset(), low.source().asSlice(0, BLOCK));
            }
            assertThat(file.writeTogether(random.nextBoolean() ? List.of(low, high) : List.of(high, low)))
                    .isTrue();
        }
    }

    @Test
    void aFailureOfTheDeviceIsReported() throws Exception {
        StoredVolume volume = TestVolumes.open(device, 1);
        try (StoredFile file = volume.create("/f", CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(filled(20 * BLOCK, 1)));
            file.flush();
            device.faultWrite(1, new Fault.Fail());
            assertThatThrownBy(() -> file.writeTogether(List.of(piece(0, 2, 2), piece(9, 2, 2))))
                    .isInstanceOf(HoldfastException.class);
            assertBlocks(file, 4, 5, 1);
        }
        assertThatThrownBy(volume::close).hasMessageContaining("takes no more writes");
    }
}
