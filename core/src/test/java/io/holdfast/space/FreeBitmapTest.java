package io.holdfast.space;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FreeBitmapTest {
    private static final int BLOCKS = 100_000;

    private static FreeBitmap everySecondFree() {
        FreeBitmap bitmap = new FreeBitmap(BLOCKS);
        for (int block = 0; block < BLOCKS; block += 2) {
            bitmap.setBusy(block);
        }
        return bitmap;
    }

    @Test
    void scatteredBlocksAreAllHandedOut() {
        FreeBitmap bitmap = everySecondFree();
        int[] length = new int[1];
        for (int i = 0; i < BLOCKS / 2; i++) {
            long block = bitmap.take(1024, length);
            assertThat(block % 2).isEqualTo(1);
            assertThat(length[0]).isEqualTo(1);
        }
        assertThat(bitmap.free()).isZero();
        assertThat(bitmap.take(1024, length)).isEqualTo(-1);
    }

    @Test
    void aLongRunNearIsTakenBeforeShortOnes() {
        FreeBitmap bitmap = everySecondFree();
        for (int block = 400; block < 440; block += 2) {
            bitmap.setFree(block);
        }
        int[] length = new int[1];
        assertThat(bitmap.take(1024, length)).isEqualTo(399);
        assertThat(length[0]).isEqualTo(41);
    }

    @Test
    void blocksThatAreFarAreFoundIfNoneIsNear() {
        FreeBitmap bitmap = new FreeBitmap(BLOCKS);
        for (int block = 0; block < BLOCKS - 1; block++) {
            bitmap.setBusy(block);
        }
        int[] length = new int[1];
        assertThat(bitmap.take(16, length)).isEqualTo(BLOCKS - 1);
        assertThat(length[0]).isEqualTo(1);
    }
}
