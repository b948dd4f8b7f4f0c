package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FileKind;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class InodeRecordTest {
    private static final InodeRecord RECORD = new InodeRecord(
            FileKind.REGULAR,
            07654,
            -1,
            2,
            3,
            false,
            -4L,
            0,
            Instant.MIN,
            Instant.MAX,
            Instant.EPOCH.minusNanos(1),
            Instant.EPOCH);

    @Test
    void survivesTheDisk() throws HoldfastException {
        assertThat(RECORD.encode()).hasSize(88);
        assertThat(InodeRecord.decode(9, RECORD.encode())).isEqualTo(RECORD);
    }

    @Test
    void theLayoutIsAsDocumented() {
        byte[] bytes = RECORD.withLinks(0x01020304).encode();
        assertThat(bytes)
                .startsWith(1, 1, 1, 0, 0xac, 0x0f, 0, 0, 255, 255, 255, 255, 2, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0);
        assertThat(bytes[24]).isEqualTo((byte) -4);
    }

    @Test
    void anyBitFlippedIsAnotherRecordOrDamage() {
        byte[] good = RECORD.encode();
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            try {
                assertThat(InodeRecord.decode(9, bad)).isNotEqualTo(RECORD);
            } catch (HoldfastException e) {
                assertThat(e).hasMessageContaining("inode 9 is damaged");
            }
        }
    }

    @Test
    void otherLengthsAndVersionsAreRefused() {
        for (int length : new int[] {0, 1, 87, 89, 1024}) {
            assertThatThrownBy(() -> InodeRecord.decode(9, new byte[length])).isInstanceOf(HoldfastException.class);
        }
        byte[] newer = RECORD.encode();
        newer[0] = 2;
        assertThatThrownBy(() -> InodeRecord.decode(9, newer)).hasMessageContaining("version 2");
    }
}
