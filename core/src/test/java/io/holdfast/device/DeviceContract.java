package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link Device} must do. A subclass makes an empty one; it may abort if the system has no such thing. */
public abstract class DeviceContract {
    protected static final int BLOCKS = 256;
    private static final int LAST = BLOCKS - 1;

    private Device device;

    /** Makes a device of {@link #BLOCKS} zero blocks. */
    protected abstract Device make() throws Exception;

    @BeforeEach
    final void open() throws Exception {
        device = make();
    }

    @AfterEach
    final void close() throws Exception {
        if (device != null) {
            device.close();
        }
    }

    protected final Device device() {
        return device;
    }

    @Test
    void discardsBlocksAndNoOthers() throws Exception {
        byte[] all = TestBuffers.random(3, 64);
        TestBuffers.write(device(), 0, all);
        device().flush();
        boolean could = device().discard(16, 32);
        assertThat(TestBuffers.read(device(), 0, 16)).isEqualTo(java.util.Arrays.copyOf(all, 16 * Block.SIZE));
        assertThat(TestBuffers.read(device(), 48, 16))
                .isEqualTo(java.util.Arrays.copyOfRange(all, 48 * Block.SIZE, 64 * Block.SIZE));
        byte[] again = TestBuffers.random(4, 32);
        device().allocate(16, 32);
        TestBuffers.write(device(), 16, again);
        device().flush();
        assertThat(TestBuffers.read(device(), 16, 32)).isEqualTo(again);
        assertThat(device().discard(16, 32)).isEqualTo(could);
        if (could) {
            assertThatThrownBy(() -> device().discard(BLOCKS - 1, 2))
                    .satisfies(e -> hasCode(e, ErrorCode.DEVICE_ERROR));
        }
    }

    @Test
    void tellsItsSizeAndName() {
        assertThat(device.blocks()).isEqualTo(BLOCKS);
        assertThat(device.name()).isNotBlank();
    }

    @Test
    void beginsAsZeros() throws Exception {
        assertThat(TestBuffers.read(device, 0, BLOCKS)).containsOnly(0);
    }

    @Test
    void readsWhatWasWritten() throws Exception {
        byte[] data = TestBuffers.random(1, 5);
        TestBuffers.write(device, 7, data);
        assertThat(TestBuffers.read(device, 7, 5)).isEqualTo(data);
        assertThat(TestBuffers.read(device, 9, 1)).isEqualTo(block(data, 2));
        device.flush();
        assertThat(TestBuffers.read(device, 7, 5)).isEqualTo(data);
        assertThat(TestBuffers.read(device, 6, 1)).containsOnly(0);
        assertThat(TestBuffers.read(device, 12, 1)).containsOnly(0);
    }

    @Test
    void writesAgainOverOldBlocks() throws Exception {
        TestBuffers.write(device, 3, TestBuffers.random(1, 4));
        device.flush();
        byte[] later = TestBuffers.random(2, 2);
        TestBuffers.write(device, 4, later);
        assertThat(TestBuffers.read(device, 3, 4))
                .isEqualTo(join(block(TestBuffers.random(1, 4), 0), later, block(TestBuffers.random(1, 4), 3)));
    }

    @Test
    void writesPartOfASealedBuffer() throws Exception {
        byte[] data = TestBuffers.random(1, 8);
        SealedBuffer sealed = TestBuffers.sealed(data);
        device.write(LAST, sealed, 3, 1);
        device.write(0, sealed, 6, 2);
        assertThatThrownBy(() -> device.write(0, sealed, 7, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> device.write(0, sealed, -1, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> device.write(0, sealed, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        sealed.release();
        assertThat(TestBuffers.read(device, LAST, 1)).isEqualTo(block(data, 3));
        assertThat(TestBuffers.read(device, 0, 2)).isEqualTo(join(block(data, 6), block(data, 7)));
    }

    @Test
    void writesPiecesOfASealedBufferToSeveralPlaces() throws Exception {
        byte[] data = TestBuffers.random(1, 40);
        SealedBuffer sealed = TestBuffers.sealed(data);
        List<Piece> pieces = new ArrayList<>();
        for (int from = 0; from < 40; from += from % 3 + 1) {
            // Backwards, with gaps.
            pieces.add(new Piece(LAST - 5 * from - from % 3, from, from % 3 + 1));
        }
        device.write(sealed, pieces);
        device.write(sealed, List.of(new Piece(0, 39, 1)));
        sealed.release();
        device.flush();
        for (Piece piece : pieces) {
            for (int i = 0; i < piece.count(); i++) {
                assertThat(TestBuffers.read(device, piece.block() + i, 1)).isEqualTo(block(data, piece.from() + i));
            }
        }
        assertThat(TestBuffers.read(device, 0, 1)).isEqualTo(block(data, 39));
    }

    @Test
    void refusesPiecesThatDoNotFit() throws Exception {
        SealedBuffer sealed = TestBuffers.sealed(TestBuffers.random(1, 8));
        for (long block : new long[] {LAST, BLOCKS, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            assertThatThrownBy(() -> device.write(sealed, List.of(new Piece(block, 1, 2))))
                    .satisfies(e -> isOutside(e, block));
        }
        assertThatThrownBy(() -> device.write(sealed, List.of(new Piece(0, 7, 2))))
                .isInstanceOf(IllegalArgumentException.class);
        sealed.release();
        assertThatThrownBy(() -> device.write(sealed, List.of(new Piece(0, 0, 1))))
                .isInstanceOf(IllegalStateException.class);
        assertThat(TestBuffers.read(device, LAST, 1)).as("nothing was written").containsOnly(0);
    }

    @Test
    void writesLentMemory() throws Exception {
        byte[] data = TestBuffers.random(1, 3);
        MemorySegment memory = TestBuffers.memory(3);
        memory.copyFrom(MemorySegment.ofArray(data));
        device.write(20, LentBuffer.of(memory));
        assertThat(TestBuffers.read(device, 20, 3)).isEqualTo(data);
    }

    @Test
    void refusesAReleasedBuffer() {
        SealedBuffer sealed = TestBuffers.sealed(TestBuffers.random(1, 1));
        sealed.release();
        assertThatThrownBy(() -> device.write(0, sealed)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void namesDeviceAndBlocksOutsideIt() throws Exception {
        SealedBuffer two = TestBuffers.sealed(TestBuffers.random(1, 2));
        MemorySegment memory = TestBuffers.memory(2);
        for (long block : new long[] {LAST, BLOCKS, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            assertThatThrownBy(() -> device.read(block, memory)).satisfies(e -> isOutside(e, block));
            assertThatThrownBy(() -> device.write(block, two)).satisfies(e -> isOutside(e, block));
            assertThatThrownBy(() -> device.write(block, LentBuffer.of(memory))).satisfies(e -> isOutside(e, block));
        }
        two.release();
        assertThat(TestBuffers.read(device, LAST, 1)).as("nothing was written").containsOnly(0);
    }

    @Test
    void refusesMemoryThatCannotBeReadInto() throws Exception {
        MemorySegment good = TestBuffers.memory(2);
        assertRefused(MemorySegment.ofArray(new byte[Block.SIZE]));
        assertRefused(good.asReadOnly());
        assertRefused(good.asSlice(512, Block.SIZE));
        assertRefused(good.asSlice(0, Block.SIZE - 1));
        assertRefused(good.asSlice(0, 0));
        try (Arena confined = Arena.ofConfined()) {
            assertRefused(confined.allocate(Block.SIZE, Block.SIZE));
        }
    }

    @Test
    void flushesWithNothingToFlush() throws Exception {
        device.flush();
        device.flush();
    }

    @Test
    void saysWhenItIsClosed() throws Exception {
        device.close();
        SealedBuffer sealed = TestBuffers.sealed(TestBuffers.random(1, 1));
        assertThatThrownBy(() -> TestBuffers.read(device, 0, 1)).satisfies(e -> hasCode(e, ErrorCode.CLOSED));
        assertThatThrownBy(() -> device.write(0, sealed)).satisfies(e -> hasCode(e, ErrorCode.CLOSED));
        assertThatThrownBy(device::flush).satisfies(e -> hasCode(e, ErrorCode.CLOSED));
        sealed.release();
        device.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isUsedByManyThreadsAtOnce(boolean virtual) throws Exception {
        int threads = 16;
        int each = BLOCKS / threads;
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int mine = t * each;
            tasks.add(() -> {
                Random random = new Random(mine);
                byte[][] expected = new byte[each][Block.SIZE];
                for (int i = 0; i < 100; i++) {
                    int slot = random.nextInt(each);
                    if (random.nextBoolean()) {
                        expected[slot] = TestBuffers.random(random.nextLong(), 1);
                        TestBuffers.write(device, mine + slot, expected[slot]);
                    } else {
                        assertThat(TestBuffers.read(device, mine + slot, 1)).isEqualTo(expected[slot]);
                    }
                    if (i % 50 == 0) {
                        device.flush();
                    }
                }
                return null;
            });
        }
        runAll(tasks, factory(virtual));
    }

    /** An interrupt, whenever it comes, neither fails an I/O nor closes the device, and is not lost. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isUnharmedByInterrupts(boolean virtual) throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        List<Thread> victims = new ArrayList<>();
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        for (int t = 0; t < 4; t++) {
            int block = t;
            victims.add(factory(virtual).newThread(() -> {
                try {
                    for (int i = 0; i < 150; i++) {
                        byte[] data = TestBuffers.random(i, 1);
                        SealedBuffer sealed = TestBuffers.sealed(data);
                        try {
                            device.write(block, sealed);
                        } finally {
                            sealed.release();
                        }
                        assertThat(TestBuffers.read(device, block, 1)).isEqualTo(data);
                        if (i % 25 == 0) {
                            device.flush();
                        }
                    }
                } catch (Throwable e) {
                    failures.add(e);
                }
            }));
        }
        Thread tormentor = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                victims.forEach(Thread::interrupt);
                Thread.onSpinWait();
            }
        });
        victims.forEach(Thread::start);
        for (Thread victim : victims) {
            victim.join();
        }
        done.set(true);
        tormentor.join();
        assertThat(failures).isEmpty();
        assertThat(TestBuffers.read(device, 0, 1)).isEqualTo(TestBuffers.random(149, 1));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void leavesTheInterruptStatusAsItWas(boolean virtual) throws Exception {
        runAll(
                List.of(() -> {
                    Thread.currentThread().interrupt();
                    TestBuffers.write(device, 0, TestBuffers.random(1, 1));
                    TestBuffers.read(device, 0, 1);
                    device.flush();
                    assertThat(Thread.interrupted()).as("still set").isTrue();
                    TestBuffers.read(device, 0, 1);
                    device.flush();
                    assertThat(Thread.interrupted()).as("still clear").isFalse();
                    return null;
                }),
                factory(virtual));
    }

    protected static void hasCode(Throwable thrown, ErrorCode code) {
        assertThat(thrown)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    protected static byte[] block(byte[] data, int index) {
        return Arrays.copyOfRange(data, index * Block.SIZE, (index + 1) * Block.SIZE);
    }

    protected static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private void isOutside(Throwable thrown, long block) {
        hasCode(thrown, ErrorCode.DEVICE_ERROR);
        assertThat(thrown).hasMessageContaining(device.name()).hasMessageContaining(Long.toString(block));
    }

    private void assertRefused(MemorySegment memory) {
        assertThatThrownBy(() -> device.read(0, memory)).isInstanceOf(IllegalArgumentException.class);
    }

    private static ThreadFactory factory(boolean virtual) {
        return virtual ? Thread.ofVirtual().factory() : Thread.ofPlatform().factory();
    }

    private static void runAll(List<Callable<Void>> tasks, ThreadFactory factory) throws Exception {
        try (ExecutorService executor = Executors.newThreadPerTaskExecutor(factory)) {
            for (Future<Void> result : executor.invokeAll(tasks)) {
                result.get();
            }
        }
    }
}
