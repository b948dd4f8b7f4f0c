package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.Block;
import org.junit.jupiter.api.Test;

final class MemoryDeviceTest extends DeviceContract {
    @Override
    protected Device make() {
        return new MemoryDevice("memory", BLOCKS);
    }

    @Test
    void keepsOnlyBlocksThatAreNotZero() throws Exception {
        MemoryDevice huge = new MemoryDevice("huge", 1L << 40);
        TestBuffers.write(huge, (1L << 40) - 1, TestBuffers.random(1, 1));
        TestBuffers.write(huge, 17, new byte[Block.SIZE]);
        assertThat(huge.storedBlocks()).isEqualTo(1);
    }

    @Test
    void copiesAreIndependent() throws Exception {
        MemoryDevice device = new MemoryDevice("memory", BLOCKS);
        TestBuffers.write(device, 0, TestBuffers.random(1, 1));
        device.close();
        MemoryDevice copy = device.copy();
        copy.flipBit(0, 9);
        byte[] expected = TestBuffers.random(1, 1);
        expected[1] ^= 2;
        assertThat(TestBuffers.read(copy, 0, 1)).isEqualTo(expected);
        assertThat(device.block(0)).isEqualTo(TestBuffers.random(1, 1));
    }
}
