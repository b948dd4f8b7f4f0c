package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NumberSetTest {
    private static final int NEIGHBOURS = 32_768;

    @Test
    void eachNumberIsNewOnce() {
        NumberSet set = new NumberSet();
        for (long number : new long[] {0, 1, NEIGHBOURS - 1, NEIGHBOURS, 1L << 40, Long.MAX_VALUE, -1}) {
            assertThat(set.contains(number)).isFalse();
            assertThat(set.add(number)).isTrue();
            assertThat(set.add(number)).isFalse();
            assertThat(set.contains(number)).isTrue();
        }
        assertThat(set.contains(2)).isFalse();
    }

    /** {@code du} of so many files with several names is exact, in 64 pages of 4 KiB. */
    @Test
    void twoMillionNeighboursFitIntoFewPages() {
        NumberSet set = new NumberSet(64);
        for (long number = 0; number < 64L * NEIGHBOURS; number++) {
            assertThat(set.hasRoomFor(number)).isTrue();
            set.add(number);
        }
        for (long number = 0; number < 64L * NEIGHBOURS; number++) {
            assertThat(set.add(number)).isFalse();
        }
        assertThat(set.hasRoomFor(64L * NEIGHBOURS)).isFalse();
        assertThat(set.hasRoomFor(5)).isTrue();
    }
}
