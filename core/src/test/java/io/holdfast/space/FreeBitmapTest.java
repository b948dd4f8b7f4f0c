package io.holdfast.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Random;
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

    @Test
    void takesTheLongestRunWhereAllIsNear() {
        Random random = new Random(4);
        int[] length = new int[1];
        for (int round = 0; round < 500; round++) {
            int blocks = 64 + random.nextInt(4000);
            FreeBitmap bitmap = new FreeBitmap(blocks);
            boolean[] busy = new boolean[blocks];
            int oneIn = 1 + random.nextInt(40);
            for (int block = 0; block < blocks; block++) {
                if (random.nextInt(oneIn) == 0) {
                    bitmap.setBusy(block);
                    busy[block] = true;
                }
            }
            while (true) {
                int wanted = 1 + random.nextInt(150);
                long start = bitmap.take(wanted, length);
                assertEquals(Math.min(wanted, longestRun(busy)), start < 0 ? 0 : length[0]);
                if (start < 0) {
                    break;
                }
                for (int block = (int) start; block < start + length[0]; block++) {
                    assertFalse(busy[block]);
                    busy[block] = true;
                }
            }
        }
    }

    private static int longestRun(boolean[] busy) {
        int longest = 0;
        int run = 0;
        for (boolean b : busy) {
            run = b ? 0 : run + 1;
            longest = Math.max(longest, run);
        }
        return longest;
    }
}
