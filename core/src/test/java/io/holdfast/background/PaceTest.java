package io.holdfast.background;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND = 1_000_000_000;
    private static final int MIB = 1 << 20;

    private final Pace pace = new Pace(0);
    private long now;

    /** Moves pieces as fast as the pace allows; returns how long that takes. */
    private long nanosFor(long bytes, int piece) {
        long start = now;
        for (long moved = 0; moved < bytes; moved += piece) {
            now += pace.nanosToWait(now);
            assertThat(pace.nanosToWait(now)).isZero();
            pace.take(now, piece);
        }
        return now - start;
    }

    @Test
    void withoutABoundNothingWaits() {
        assertThat(nanosFor(1L << 40, 1 << 30)).isZero();
        assertThat(pace.rate()).isEqualTo(Pace.NO_BOUND);
    }

    @Test
    void aRateIsObeyed() {
        pace.setLimit(now, 10 * MIB);
        // The last piece does not wait for its own debt.
        assertThat(nanosFor(100 * MIB, MIB / 4)).isBetween(99 * SECOND / 10, 10 * SECOND);
        assertThat(nanosFor(100 * MIB, MIB)).isBetween(98 * SECOND / 10, 102 * SECOND / 10);
    }

    @Test
    void aRestAllowsNoLongBurst() {
        pace.setLimit(now, 10 * MIB);
        now += 3600 * SECOND;
        assertThat(nanosFor(10 * MIB, MIB / 4)).isBetween(95 * SECOND / 100, SECOND);
    }

    @Test
    void aRateBelowTheLeastOneIsObeyedToo() {
        pace.setLimit(now, 4096);
        assertThat(nanosFor(40 * 4096, 4096)).isBetween(38 * SECOND, 40 * SECOND);
    }

    @Test
    void aHigherRateCountsForADebtThatIsThere() {
        pace.setLimit(now, 4096);
        pace.take(now, MIB);
        assertThat(pace.nanosToWait(now)).isGreaterThan(200 * SECOND);
        pace.setLimit(now, MIB);
        assertThat(pace.nanosToWait(now)).isBetween(9 * SECOND / 10, SECOND);
        pace.setLimit(now, Pace.NO_BOUND);
        assertThat(pace.nanosToWait(now)).isZero();
    }

    @Test
    void clientsHalveTheRateDownToTheLeastOne() {
        pace.slower(now, 400L * MIB);
        assertThat(pace.rate()).isEqualTo(200L * MIB);
        pace.slower(now, 400L * MIB);
        assertThat(pace.rate()).isEqualTo(100L * MIB);
        for (int i = 0; i < 100; i++) {
            pace.slower(now, 400L * MIB);
        }
        assertThat(pace.rate()).isEqualTo(Pace.RATE_MIN);
        assertThat(nanosFor(40 * MIB, MIB)).as("it ends").isLessThan(11 * SECOND);
    }

    @Test
    void itGrowsByStepsAndNeverBeyondTheUsersBound() {
        pace.setLimit(now, 30 * MIB);
        pace.slower(now, 8 * MIB);
        assertThat(pace.rate()).isEqualTo(4 * MIB);
        pace.faster(now, MIB);
        assertThat(pace.rate()).as("it makes no use of what it has").isEqualTo(4 * MIB);
        pace.faster(now, 4 * MIB);
        assertThat(pace.rate()).isEqualTo(4 * MIB + Pace.STEP);
        for (int i = 0; i < 100; i++) {
            pace.faster(now, Long.MAX_VALUE);
        }
        assertThat(pace.rate()).isEqualTo(30 * MIB);
        pace.free(now);
        assertThat(pace.rate()).isEqualTo(30 * MIB);
    }

    @Test
    void theUsersBoundMayBeBelowTheLeastRate() {
        pace.setLimit(now, 1000);
        pace.slower(now, 8 * MIB);
        assertThat(pace.rate()).isEqualTo(1000);
    }
}
