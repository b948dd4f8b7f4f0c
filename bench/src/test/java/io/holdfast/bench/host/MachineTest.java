package io.holdfast.bench.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class MachineTest {
    private static final String BEFORE = "cpu  100 10 50 1000 20 5 5 10 100 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";

    @Test
    void waitingForTheDiskIsNotBeingBusy() {
        assertThat(Machine.busyShare(BEFORE, "cpu  100 10 50 1100 120 5 5 10 100 0\n"))
                .isZero();
    }

    @Test
    void whatOthersUseCountsAndGuestsNotTwice() {
        // User (with the guest in it), system and stolen time: 60 of 240.
        assertThat(Machine.busyShare(BEFORE, "cpu  130 10 70 1180 20 5 5 20 130 0\n"))
                .isCloseTo(60.0 / 240, within(1e-9));
    }

    @Test
    void noTimeBetweenIsNotBeingBusy() {
        assertThat(Machine.busyShare(BEFORE, BEFORE)).isZero();
    }
}
