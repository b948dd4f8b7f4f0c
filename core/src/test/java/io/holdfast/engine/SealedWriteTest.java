package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.Fault;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writes that go straight into records of the log, and what others see of them and do to them on their way. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SealedWriteTest {
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 16;
    /** Blocks of a record with one block of data: a header and its twin come first. */
    private static final int SHORTEST_RECORD = 3;

    private interface Call {
        void run() throws HoldfastException;
    }

    /** A call on a thread of its own. */
    private static final class Running {
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private final Thread thread;

        Running(Call call) {
            thread = Thread.ofPlatform().daemon().start(() -> {
                try {
                    call.run();
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
        }

        /** Returns when the thread waits for somebody. */
        void awaitWaiting() {
            Set<Thread.State> waiting = EnumSet.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);
            while (!waiting.contains(thread.getState()) && thread.isAlive()) {
                Thread.onSpinWait();
            }
        }

        void join() throws InterruptedException {
            thread.join();
            Throwable thrown = failure.get();
            if (thrown != null) {
                throw new AssertionError(thrown);
            }
        }
    }

    /** Holds up the next write of several blocks, in the device. */
    private static final class Gate implements IoHook {
        private final AtomicBoolean armed = new AtomicBoolean(true);
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch opened = new CountDownLatch(1);
        private volatile boolean passed;
        private volatile boolean flushedBefore;

        @Override
        public void before(Operation operation, long block, long blocks) {
            if (operation == Operation.FLUSH && !passed) {
                flushedBefore = true;
            }
            if (operation == Operation.WRITE && blocks > SHORTEST_RECORD && armed.getAndSet(false)) {
                reached.countDown();
                try {
                    opened.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                passed = true;
            }
        }
    }

    private static byte[] filled(int blocks, int value) {
        byte[] bytes = new byte[blocks * BLOCK];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static void write(StoredFile file, long block, int blocks, int value, WriteFlag... flags)
            throws HoldfastException {
        file.write(block * BLOCK, MemorySegment.ofArray(filled(blocks, value)), Set.of(flags));
    }

    private static byte[] read(StoredFile file, long block, int blocks, ReadFlag... flags) throws HoldfastException {
        byte[] bytes = new byte[blocks * BLOCK];
        assertThat(file.read(block * BLOCK, MemorySegment.ofArray(bytes), Set.of(flags)))
                .isEqualTo(bytes.length);
        return bytes;
    }

    private interface Meanwhile {
        void run(StoredVolume volume, StoredFile file, Gate gate) throws Exception;
    }

    private interface Afterwards {
        void verify(StoredFile file) throws HoldfastException;
    }

    /**
     * Overwrites the first {@link #BLOCKS} of a file of 1s with 2s, does something while that is on its way, and looks at
     * the file, also after the volume was opened again.
     */
    private static void whileWriting(boolean direct, Meanwhile meanwhile, Afterwards afterwards) throws Exception {
        MemoryDevice medium = TestVolumes.formatted(32);
        FaultDevice device = new FaultDevice(medium);
        try (StoredVolume volume = TestVolumes.open(device, 1)) {
            try (StoredFile file = volume.create("/f", CreateOptions.file())) {
                write(file, 0, BLOCKS - 1, 1);
                write(file, BLOCKS - 1, 5, 1);
                file.flush();
                // Acknowledged and in memory only: what takes its place must become durable in its stead.
                write(file, 3, 1, 7);
                Gate gate = new Gate();
                device.setHook(gate);
                WriteFlag[] flags = direct ? new WriteFlag[] {WriteFlag.DIRECT} : new WriteFlag[0];
                Running write = new Running(() -> write(file, 0, BLOCKS, 2, flags));
                gate.reached.await();
                try {
                    meanwhile.run(volume, file, gate);
                } finally {
                    gate.opened.countDown();
                }
                write.join();
                afterwards.verify(file);
                device.setHook(IoHook.NONE);
            }
            volume.sync();
            assertThat(VolumeOnDevice.held(volume)).isEqualTo(new VolumeOnDevice.Held(0, 0, 0));
        }
        try (StoredVolume volume = TestVolumes.open(new FaultDevice(medium), 2);
                StoredFile file = volume.open("/f")) {
            afterwards.verify(file);
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
        }
    }

    /** Starts a call that has to wait for the write, and lets it go on when it does. */
    private static void queue(Gate gate, Call call) throws InterruptedException {
        Running running = new Running(call);
        running.awaitWaiting();
        gate.opened.countDown();
        running.join();
    }

    private static void assertContent(StoredFile file, int... values) throws HoldfastException {
        for (int i = 0; i < values.length; i++) {
            assertThat(read(file, i, 1)).as("block %d", i).isEqualTo(filled(1, values[i]));
        }
    }

    private static int[] values(int count, int value) {
        int[] values = new int[count];
        Arrays.fill(values, value);
        return values;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void readersSeeWhatIsOnItsWay(boolean direct) throws Exception {
        whileWriting(
                direct,
                (volume, file, gate) -> {
                    assertContent(file, values(BLOCKS, 2));
                    assertThat(read(file, 1, 8, ReadFlag.NOWAIT)).isEqualTo(filled(8, 2));
                    assertThat(read(file, 1, 8, ReadFlag.DIRECT)).isEqualTo(filled(8, 2));
                    assertThat(read(file, BLOCKS, 1)).isEqualTo(filled(1, 1));
                },
                file -> assertContent(file, values(BLOCKS, 2)));
    }

    @Test
    void nobodyWritesToABlockOnItsWay() throws Exception {
        int[] expected = values(BLOCKS, 2);
        expected[5] = 3;
        whileWriting(
                true,
                (volume, file, gate) -> {
                    assertThatThrownBy(() -> write(file, 5, 1, 4, WriteFlag.NOWAIT))
                            .isInstanceOfSatisfying(
                                    HoldfastException.class,
                                    e -> assertThat(e.code()).isEqualTo(ErrorCode.WOULD_BLOCK));
                    queue(gate, () -> write(file, 5, 1, 3));
                },
                file -> assertContent(file, expected));
    }

    @Test
    void partsOfBlocksOnTheirWayAreWrittenAfterwards() throws Exception {
        whileWriting(
                true,
                (volume, file, gate) -> queue(
                        gate,
                        () -> file.write(6 * BLOCK - 100, MemorySegment.ofArray(Arrays.copyOf(filled(1, 3), 200)))),
                file -> {
                    byte[] expected = filled(2, 2);
                    Arrays.fill(expected, BLOCK - 100, BLOCK + 100, (byte) 3);
                    assertThat(read(file, 5, 2)).isEqualTo(expected);
                });
    }

    @Test
    void twoSealedWritesOfABlockComeOneAfterTheOther() throws Exception {
        int[] expected = values(BLOCKS, 2);
        Arrays.fill(expected, 4, 12, 3);
        whileWriting(
                true,
                (volume, file, gate) -> queue(gate, () -> write(file, 4, 8, 3, WriteFlag.DIRECT)),
                file -> assertContent(file, expected));
    }

    @Test
    void whatIsPunchedMeanwhileIsGone() throws Exception {
        int[] expected = values(BLOCKS, 2);
        Arrays.fill(expected, 4, 8, 0);
        whileWriting(
                true,
                (volume, file, gate) -> queue(gate, () -> file.punch(4 * BLOCK, 4 * BLOCK)),
                file -> assertContent(file, expected));
    }

    @Test
    void whatIsCutOffMeanwhileIsGone() throws Exception {
        int[] expected = values(BLOCKS, 2);
        Arrays.fill(expected, 4, BLOCKS, 0);
        whileWriting(
                true,
                (volume, file, gate) -> queue(gate, () -> {
                    file.truncate(4 * BLOCK);
                    file.truncate(BLOCKS * BLOCK);
                }),
                file -> assertContent(file, expected));
    }

    @Test
    void aFlushWaitsForWhatTookThePlaceOfAnAcknowledgedBlock() throws Exception {
        whileWriting(
                true,
                (volume, file, gate) -> {
                    queue(gate, file::flush);
                    assertThat(gate.flushedBefore).isFalse();
                },
                file -> assertContent(file, values(BLOCKS, 2)));
    }

    /** After a failure nobody sees again what was there before something acknowledged. */
    @Test
    void afterAFailureReadersGoOnSeeingWhatTheySaw() throws Exception {
        MemoryDevice medium = TestVolumes.formatted(32);
        FaultDevice device = new FaultDevice(medium);
        StoredVolume volume = TestVolumes.open(device, 1);
        try (StoredFile file = volume.create("/f", CreateOptions.file())) {
            write(file, 0, BLOCKS, 1);
            file.flush();
            write(file, 3, 1, 7);
            device.faultWrite(1, new Fault.Fail());
            assertFails(() -> write(file, 0, BLOCKS, 2, WriteFlag.DIRECT));
            assertContent(file, values(BLOCKS, 2));
            for (int i = 0; i < 20; i++) {
                // More often than there are buffers: none is lost with a write that fails.
                assertFails(() -> write(file, 0, BLOCKS, 3, WriteFlag.DIRECT));
            }
            assertFails(file::flush);
            assertThat(VolumeOnDevice.held(volume).buffers()).isZero();
        }
        assertFails(volume::close);
    }

    private static void assertFails(Call call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED));
    }

    /** In several records, by several threads; any alignment, and memory that only the caller may touch. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void longWritesArriveWhole(boolean confined) throws Exception {
        MemoryDevice medium = TestVolumes.formatted(64);
        byte[] content = new byte[(3 << 20) + 777];
        new Random(1).nextBytes(content);
        int[] offsets = {0, 4096, 123, 5 << 20};
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(medium), 1);
                Arena arena = confined ? Arena.ofConfined() : Arena.ofShared()) {
            MemorySegment source = arena.allocate(content.length).copyFrom(MemorySegment.ofArray(content));
            for (int offset : offsets) {
                try (StoredFile file = volume.create("/f" + offset, CreateOptions.file())) {
                    file.write(offset, source, offset == 123 ? Set.of() : Set.of(WriteFlag.DIRECT));
                    assertThat(file.size()).isEqualTo(offset + content.length);
                }
            }
        }
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(medium), 2)) {
            for (int offset : offsets) {
                try (StoredFile file = volume.open("/f" + offset)) {
                    byte[] got = new byte[content.length];
                    assertThat(file.read(offset, MemorySegment.ofArray(got))).isEqualTo(got.length);
                    assertThat(got).isEqualTo(content);
                }
            }
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
        }
    }

    /** The caller's memory goes away under the write: its mistake, and only that write fails. */
    @Test
    void aSourceThatGoesAwayCostsNothingButTheWrite() throws Exception {
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(TestVolumes.formatted(32)), 1)) {
            try (StoredFile file = volume.create("/f", CreateOptions.file())) {
                MemorySegment gone;
                try (Arena arena = Arena.ofShared()) {
                    gone = arena.allocate(1 << 20);
                }
                for (int i = 0; i < 20; i++) {
                    assertThatThrownBy(() -> file.write(0, gone, Set.of(WriteFlag.DIRECT)))
                            .isInstanceOf(IllegalStateException.class);
                }
                write(file, 0, BLOCKS, 2, WriteFlag.DIRECT);
                assertContent(file, values(BLOCKS, 2));
            }
            volume.sync();
            assertThat(VolumeOnDevice.held(volume)).isEqualTo(new VolumeOnDevice.Held(0, 0, 0));
        }
    }

    /** Block by block to the last one, and none of what was promised is lost. */
    @Test
    void onAFullVolumeTheWriterIsTold() throws Exception {
        MemoryDevice medium = TestVolumes.formatted(16);
        try (StoredVolume volume = TestVolumes.open(TestVolumes.through(medium), 1)) {
            try (StoredFile file = volume.create("/f", CreateOptions.file())) {
                long block = 0;
                while (true) {
                    long at = block;
                    try {
                        write(file, at, 200, 1, WriteFlag.DIRECT);
                    } catch (HoldfastException e) {
                        assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
                        break;
                    }
                    block += 200;
                }
                assertThat(block).isGreaterThan(1000);
                assertContent(file, values((int) block, 1));
                file.truncate(0);
                write(file, 0, 200, 2, WriteFlag.DIRECT);
                assertContent(file, values(200, 2));
            }
            volume.sync();
            assertThat(VolumeOnDevice.held(volume)).isEqualTo(new VolumeOnDevice.Held(0, 0, 0));
            assertThat(volume.check(Progress.NONE).clean()).isTrue();
        }
    }
}
