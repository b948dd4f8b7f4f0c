package io.holdfast.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which blocks are good: errors that come once, that stay, and that hide nobody's neighbours. */
class BlockStoreTest {
    private static final int BLOCKS = 16;

    private final MemoryDevice memory = new MemoryDevice("memory", BLOCKS);
    private final Flaky device = new Flaky();
    private final BlockStore store = new BlockStore(device);
    private final MemorySegment target = Arena.ofAuto().allocate(8L * Block.SIZE, Block.SIZE);

    /** Fails to read, or spoils what it reads, so many times. */
    private final class Flaky extends ForwardingDevice {
        private final Map<Long, Integer> failing = new HashMap<>();
        private final Map<Long, Integer> spoiling = new HashMap<>();
        private int reads;

        Flaky() {
            super(memory);
        }

        @Override
        public void read(long block, MemorySegment into) throws HoldfastException {
            reads++;
            long end = block + into.byteSize() / Block.SIZE;
            for (long b = block; b < end; b++) {
                if (isNext(failing, b)) {
                    throw new HoldfastException(ErrorCode.DEVICE_ERROR, "cannot read block " + b);
                }
            }
            super.read(block, into);
            for (long b = block; b < end; b++) {
                if (isNext(spoiling, b)) {
                    into.set(ValueLayout.JAVA_BYTE, (b - block) * Block.SIZE, (byte) -1);
                }
            }
        }

        private static boolean isNext(Map<Long, Integer> times, long block) {
            int left = times.getOrDefault(block, 0);
            times.put(block, left - 1);
            return left > 0;
        }
    }

    @BeforeEach
    void number() {
        for (int i = 0; i < BLOCKS; i++) {
            byte[] data = new byte[Block.SIZE];
            data[0] = (byte) i;
            memory.setBlock(i, data);
        }
    }

    private Answer read(long first, int count) {
        return store.read(
                BlockStore.Kind.DATA,
                first,
                target.asSlice(0, (long) count * Block.SIZE),
                (index, read, offset) -> read.get(ValueLayout.JAVA_BYTE, offset) == first + index);
    }

    @Test
    void whatIsGoodIsReadOnce() {
        assertThat(read(2, 8).isGood()).isTrue();
        assertThat(device.reads).isEqualTo(1);
        assertThat(store.counters(BlockStore.Kind.DATA)).isEqualTo(new BlockStore.Counters(1, 0, 0, 0));
    }

    @Test
    void anErrorThatComesOnceIsNotBelieved() {
        device.failing.put(5L, 1);
        assertThat(read(5, 1).isGood()).isTrue();
        device.spoiling.put(6L, 1);
        Answer answer = read(4, 4);
        assertThat(answer.isGood()).isTrue();
        assertThat(answer.nextBad(0)).isEqualTo(-1);
        assertThat(target.get(ValueLayout.JAVA_BYTE, 2 * Block.SIZE)).isEqualTo((byte) 6);
        assertThat(store.counters(BlockStore.Kind.DATA)).isEqualTo(new BlockStore.Counters(2, 2, 2, 0));
    }

    @Test
    void aBlockThatCannotBeReadHidesNoNeighbour() {
        device.failing.put(5L, 100);
        device.spoiling.put(7L, 100);
        Answer answer = read(4, 4);
        assertThat(answer.isGood()).isFalse();
        assertThat(answer.nextBad(0)).isEqualTo(1);
        assertThat(answer.nextBad(2)).isEqualTo(3);
        assertThat(answer.nextBad(4)).isEqualTo(-1);
        assertThat(answer.error(1)).isNotNull().hasMessageContaining("block 5");
        assertThat(answer.error(3)).isNull();
        assertThat(answer.isGood(0)).isTrue();
        assertThat(answer.isGood(3)).isFalse();
        assertThat(target.get(ValueLayout.JAVA_BYTE, 2 * Block.SIZE)).isEqualTo((byte) 6);
    }

    @Test
    void readingAheadTriesOnce() {
        device.failing.put(5L, 1);
        assertThat(store.readAhead(BlockStore.Kind.NODE, 5, target.asSlice(0, Block.SIZE)))
                .isFalse();
        assertThat(device.reads).isEqualTo(1);
    }
}
