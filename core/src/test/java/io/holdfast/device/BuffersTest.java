package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.checksum.Xxh3;
import io.holdfast.format.Block;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link BufferPool}, {@link BlockBuffer}, {@link SealedBuffer} and {@link LentBuffer}: nobody changes sealed blocks. */
final class BuffersTest {
    private static final Checksum CHECKSUM = Checksums.superblock();

    private final BufferPool pool = new BufferPool(2, 4);

    @AfterEach
    void nothingLeaked() {
        assertThat(pool.inUse()).isZero();
        pool.close();
    }

    private static MemorySegment source(int seed, int blocks) {
        return MemorySegment.ofArray(TestBuffers.random(seed, blocks));
    }

    @Test
    void checksumsAndKeepsTheCopy() {
        MemorySegment source = source(1, 2);
        BlockBuffer buffer = pool.take();
        long first = buffer.fill(0, source, 0, CHECKSUM);
        long second = buffer.fill(1, source, Block.SIZE, CHECKSUM);
        source.fill((byte) 7);
        SealedBuffer sealed = buffer.seal(2);
        assertThat(sealed.blocks()).isEqualTo(2);
        assertThat(sealed.contents().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(TestBuffers.random(1, 2));
        assertThat(CHECKSUM.of(sealed.contents(), 0, Block.SIZE)).isEqualTo(first);
        assertThat(CHECKSUM.of(sealed.contents(), Block.SIZE, Block.SIZE)).isEqualTo(second);
        sealed.release();
    }

    /** Others may read it while it is filled, sealed and written; nobody changes it, and it goes back after the last. */
    @Test
    void whatIsShownStaysUntilTheShowEnds() {
        BlockBuffer buffer = pool.take();
        buffer.fill(0, source(1, 1), 0, CHECKSUM);
        MemorySegment view = buffer.show();
        assertThat(view.isReadOnly()).isTrue();
        assertThatThrownBy(() -> buffer.fill(0, source(2, 1), 0, CHECKSUM)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(buffer::endShow).isInstanceOf(IllegalStateException.class);
        buffer.fill(1, source(3, 1), 0, CHECKSUM);
        SealedBuffer sealed = buffer.seal(2);
        sealed.release();
        assertThat(pool.inUse()).isEqualTo(1);
        assertThat(view.asSlice(0, Block.SIZE).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(TestBuffers.random(1, 1));
        buffer.endShow();
        assertThat(pool.inUse()).isZero();
        assertThatThrownBy(buffer::endShow).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatIsShownAndDiscardedStaysUntilTheShowEnds() {
        BlockBuffer buffer = pool.take();
        buffer.fill(0, source(1, 1), 0, CHECKSUM);
        buffer.show();
        buffer.discard();
        assertThat(pool.inUse()).isEqualTo(1);
        buffer.endShow();
        assertThat(pool.inUse()).isZero();
    }

    /** Guard «write seals a private copy»: a writer that never stops scribbling cannot make a false checksum. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void checksumMatchesTheCopyWhileTheSourceIsScribbled(boolean xxh3) throws Exception {
        Checksum checksum = xxh3 ? new Xxh3() : CHECKSUM;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment source = arena.allocate(Block.SIZE, Block.SIZE);
            AtomicBoolean done = new AtomicBoolean();
            CountDownLatch scribbling = new CountDownLatch(1);
            Thread scribbler = Thread.ofPlatform().start(() -> {
                for (long i = 1; !done.get(); i++) {
                    source.set(ValueLayout.JAVA_LONG, i * 8 % Block.SIZE, i);
                    if (i == Block.SIZE) {
                        scribbling.countDown();
                    }
                }
            });
            scribbling.await();
            int changed = 0;
            long last = 0;
            // As long as it takes for the scheduler to have let the scribbler in between often enough.
            for (int i = 0; i < 20_000 || changed <= 10; i++) {
                BlockBuffer buffer = pool.take();
                long sum = buffer.fill(0, source, 0, checksum);
                SealedBuffer sealed = buffer.seal(1);
                assertThat(checksum.of(sealed.contents(), 0, Block.SIZE)).isEqualTo(sum);
                changed += sum == last ? 0 : 1;
                last = sum;
                sealed.release();
            }
            done.set(true);
            scribbler.join();
        }
    }

    @Test
    void sealedBlocksCannotBeChanged() {
        BlockBuffer buffer = pool.take();
        buffer.copy(0, source(1, 1), 0);
        SealedBuffer sealed = buffer.seal(1);
        assertThatThrownBy(() -> buffer.copy(0, source(2, 1), 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> buffer.copy(0, new byte[Block.SIZE])).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> buffer.fill(0, source(2, 1), 0, CHECKSUM)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> buffer.seal(1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(buffer::discard).isInstanceOf(IllegalStateException.class);
        MemorySegment contents = sealed.contents();
        assertThatThrownBy(() -> contents.fill((byte) 0)).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> contents.asSlice(8, 8).set(ValueLayout.JAVA_BYTE, 0, (byte) 0))
                .isInstanceOf(RuntimeException.class);
        assertThat(contents.asByteBuffer().isReadOnly()).isTrue();
        assertThat(MemorySegment.ofBuffer(contents.asByteBuffer()).isReadOnly()).isTrue();
        assertThat(contents.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(TestBuffers.random(1, 1));
        sealed.release();
        assertThatThrownBy(sealed::contents).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(sealed::hold).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(sealed::release).isInstanceOf(IllegalStateException.class);
    }

    /** A thread that goes on copying into the buffer while it is sealed comes before the sealing or is refused. */
    @Test
    void aRacingCopyIsBeforeTheSealOrRefused() throws Exception {
        for (int round = 0; round < 200; round++) {
            BlockBuffer buffer = pool.take();
            buffer.copy(0, source(0, 1), 0);
            CountDownLatch racing = new CountDownLatch(1);
            AtomicBoolean done = new AtomicBoolean();
            Thread racer = Thread.ofPlatform().start(() -> {
                MemorySegment other = source(1, 1);
                for (int i = 0; !done.get(); i++) {
                    other.fill((byte) i);
                    try {
                        buffer.copy(0, other, 0);
                    } catch (IllegalStateException _) {
                        Thread.onSpinWait();
                    }
                    racing.countDown();
                }
            });
            racing.await();
            SealedBuffer sealed = null;
            while (sealed == null) {
                try {
                    sealed = buffer.seal(1);
                } catch (IllegalStateException _) {
                    Thread.onSpinWait();
                }
            }
            byte[] atSeal = sealed.contents().toArray(ValueLayout.JAVA_BYTE);
            for (int i = 0; i < 20; i++) {
                assertThat(sealed.contents().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(atSeal);
            }
            done.set(true);
            racer.join();
            assertThat(sealed.contents().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(atSeal);
            sealed.release();
        }
    }

    @Test
    void onlyFilledBlocksCanBeSealed() {
        BlockBuffer buffer = pool.take();
        assertThatThrownBy(() -> buffer.seal(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> buffer.seal(5)).isInstanceOf(IllegalArgumentException.class);
        buffer.copy(0, source(1, 1), 0);
        buffer.copy(2, source(1, 1), 0);
        assertThatThrownBy(() -> buffer.seal(3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("block 1");
        buffer.copy(1, new byte[Block.SIZE]);
        buffer.seal(3).release();
    }

    @Test
    void refusesWhatIsNoBlock() {
        BlockBuffer buffer = pool.take();
        assertThatThrownBy(() -> buffer.copy(0, new byte[100])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> buffer.copy(4, source(1, 1), 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> buffer.copy(-1, source(1, 1), 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> buffer.copy(0, source(1, 1), 1)).isInstanceOf(IndexOutOfBoundsException.class);
        buffer.discard();
        assertThatThrownBy(buffer::discard).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aHoldKeepsReleasedMemoryFromBeingFilledAnew() {
        SealedBuffer sealed = sealedBlock(1);
        SealedBuffer.Hold first = sealed.hold();
        SealedBuffer.Hold second = sealed.hold();
        sealed.release();
        first.close();
        assertThat(pool.inUse()).isEqualTo(1);
        assertThat(second.contents().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(TestBuffers.random(1, 1));
        second.close();
        assertThat(pool.inUse()).isZero();
        assertThatThrownBy(second::close).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(second::contents).isInstanceOf(IllegalStateException.class);
    }

    private SealedBuffer sealedBlock(int seed) {
        BlockBuffer buffer = pool.take();
        buffer.copy(0, source(seed, 1), 0);
        return buffer.seal(1);
    }

    /** A reference to read memory that was kept too long must not reach into a block that is written. */
    @Test
    void readMemoryNeverBecomesABlockBuffer() {
        List<MemorySegment> kept = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            kept.add(pool.takeMemory());
        }
        kept.forEach(pool::giveBackMemory);
        SealedBuffer sealed = sealedBlock(1);
        SealedBuffer other = sealedBlock(1);
        kept.forEach(memory -> memory.fill((byte) 0));
        assertThat(sealed.contents().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(TestBuffers.random(1, 1));
        assertThat(other.contents().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(TestBuffers.random(1, 1));
        sealed.release();
        other.release();
    }

    @Test
    void takesBackOnlyWhatIsOutAndOnce() {
        MemorySegment memory = pool.takeMemory();
        SealedBuffer sealed = sealedBlock(1);
        assertThatThrownBy(() -> pool.giveBackMemory(TestBuffers.memory(4))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.giveBackMemory(memory.asSlice(0, 4096)))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.giveBackMemory(sealed.contents())).isInstanceOf(IllegalStateException.class);
        pool.giveBackMemory(memory);
        assertThatThrownBy(() -> pool.giveBackMemory(memory)).isInstanceOf(IllegalStateException.class);
        sealed.release();
    }

    @Test
    void givesOutNoMoreThanItMayAndLetsTakersWait() throws Exception {
        AtomicInteger most = new AtomicInteger();
        List<Thread> takers = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            boolean plain = t % 2 == 0;
            takers.add(Thread.ofVirtual().start(() -> {
                for (int i = 0; i < 200; i++) {
                    if (plain) {
                        MemorySegment memory = pool.takeMemory();
                        most.accumulateAndGet(pool.inUse(), Math::max);
                        Thread.yield();
                        pool.giveBackMemory(memory);
                    } else {
                        BlockBuffer buffer = pool.take();
                        most.accumulateAndGet(pool.inUse(), Math::max);
                        Thread.yield();
                        buffer.discard();
                    }
                }
            }));
        }
        for (Thread taker : takers) {
            taker.join();
        }
        assertThat(most.get()).isBetween(1, 2);
    }

    @Test
    void takingWaitsUntilOneIsGivenBack() throws Exception {
        BlockBuffer first = pool.take();
        MemorySegment second = pool.takeMemory();
        Thread taker = Thread.ofPlatform().start(() -> pool.take().discard());
        while (taker.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        first.discard();
        taker.join();
        pool.giveBackMemory(second);
    }

    /** At once, not when the collector runs: a program may open and close many volumes. */
    @Test
    void closingFreesTheMemory() {
        MemorySegment plain;
        MemorySegment sealed;
        try (BufferPool closed = new BufferPool(4, 1)) {
            plain = closed.takeMemory();
            closed.giveBackMemory(plain);
            BlockBuffer buffer = closed.take();
            buffer.copy(0, TestBuffers.memory(1), 0);
            SealedBuffer block = buffer.seal(1);
            sealed = block.contents();
            block.release();
        }
        assertThat(plain.scope().isAlive()).isFalse();
        assertThat(sealed.scope().isAlive()).isFalse();
    }

    @Test
    void memoryIsAlignedAndFittingForDevices() {
        MemorySegment memory = pool.takeMemory();
        assertThat(memory.address() % Block.SIZE).isZero();
        assertThat(DeviceChecks.requireTarget(memory)).isEqualTo(4);
        pool.giveBackMemory(memory);
        assertThatThrownBy(() -> new BufferPool(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BufferPool(1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void onlyFittingMemoryCanBeLent() {
        MemorySegment memory = TestBuffers.memory(3);
        assertThat(LentBuffer.of(memory).blocks()).isEqualTo(3);
        assertThat(LentBuffer.of(memory).contents().isReadOnly()).isTrue();
        assertThat(LentBuffer.possible(memory.asSlice(1, 4096))).isFalse();
        assertThat(LentBuffer.possible(memory.asSlice(0, 100))).isFalse();
        assertThat(LentBuffer.possible(memory.asSlice(0, 0))).isFalse();
        assertThat(LentBuffer.possible(source(1, 1))).isFalse();
        assertThatThrownBy(() -> LentBuffer.of(source(1, 1))).isInstanceOf(IllegalArgumentException.class);
        try (Arena confined = Arena.ofConfined()) {
            assertThat(LentBuffer.possible(confined.allocate(4096, 4096))).isFalse();
        }
    }

    @Test
    void aClosedPoolHasNothingToTakeButTakesBack() {
        BufferPool closing = new BufferPool(2, 1);
        MemorySegment memory = closing.takeMemory();
        BlockBuffer buffer = closing.take();
        closing.close();
        closing.giveBackMemory(memory);
        buffer.discard();
        assertThat(closing.inUse()).isZero();
        assertThatThrownBy(closing::takeMemory).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(closing::take).isInstanceOf(IllegalStateException.class);
        closing.close();
    }
}
