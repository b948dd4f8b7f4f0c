package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class PatternTest {
    private static ByteBuffer block(int block, int version) {
        ByteBuffer buffer = ByteBuffer.allocate(Pattern.BLOCK_BYTES);
        Pattern.put(buffer, block, version);
        return buffer.flip();
    }

    @Test
    void aBlockTellsItsVersion() {
        assertThat(Pattern.version(block(0, 1), 0)).isEqualTo(1);
        assertThat(Pattern.version(block(77, 12_345), 77)).isEqualTo(12_345);
        assertThat(Pattern.version(ByteBuffer.allocate(Pattern.BLOCK_BYTES), 77))
                .isZero();
    }

    @Test
    void anotherBlockIsNotTakenForIt() {
        assertThat(Pattern.version(block(78, 1), 77)).isEqualTo(Pattern.TORN);
    }

    @Test
    void everyByteCounts() {
        for (int i = 0; i < Pattern.BLOCK_BYTES; i++) {
            ByteBuffer changed = block(5, 9);
            changed.put(i, (byte) (changed.get(i) ^ 1));
            assertThat(Pattern.version(changed, 5)).isEqualTo(Pattern.TORN);
            ByteBuffer zeroes = ByteBuffer.allocate(Pattern.BLOCK_BYTES);
            zeroes.put(i, (byte) 1);
            assertThat(Pattern.version(zeroes, 5)).isEqualTo(Pattern.TORN);
        }
    }

    @Test
    void aMixtureOfTwoVersionsIsTorn() {
        ByteBuffer mixed = block(5, 9);
        mixed.put(2048, block(5, 8), 2048, 2048);
        assertThat(Pattern.version(mixed, 5)).isEqualTo(Pattern.TORN);
    }
}
