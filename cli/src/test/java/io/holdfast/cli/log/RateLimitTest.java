package io.holdfast.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RateLimitTest {
    private static final long START = Long.MAX_VALUE - 5;

    private final RateLimit limit = new RateLimit();

    private void burst(String kind, long now) {
        for (int i = 0; i < RateLimit.BURST; i++) {
            assertThat(limit.admit(kind, "line " + i, now)).isTrue();
        }
    }

    @Test
    void aBurstIsShownAndTheRestCounted() {
        burst("a", START);
        for (int i = 1; i <= 5; i++) {
            assertThat(limit.admit("a", "more " + i, START)).isFalse();
        }
        assertThat(limit.due(START)).isEmpty();
        assertThat(limit.due(START + RateLimit.NANOS_A_LINE)).containsExactly(new RateLimit.LeftOut(5, "more 5", 6));
        assertThat(limit.due(START + RateLimit.NANOS_A_LINE)).isEmpty();
        assertThat(limit.admit("a", "again", START + RateLimit.NANOS_A_LINE)).isFalse();
        assertThat(limit.rest(START + RateLimit.NANOS_A_LINE)).containsExactly(new RateLimit.LeftOut(1, "again", 1));
    }

    @Test
    void oneKindDoesNotHideAnother() {
        burst("a", START);
        assertThat(limit.admit("a", "x", START)).isFalse();
        burst("b", START);
    }

    /** A new line before the count of the lines left out would be out of order. */
    @Test
    void aLineWaitsForTheCountOfThoseBeforeIt() {
        burst("a", START);
        assertThat(limit.admit("a", "x", START)).isFalse();
        long later = START + RateLimit.BURST * RateLimit.NANOS_A_LINE;
        assertThat(limit.admit("a", "y", later)).isFalse();
        assertThat(limit.due(later)).containsExactly(new RateLimit.LeftOut(2, "y", 60));
        assertThat(limit.admit("a", "z", later)).isTrue();
    }

    @Test
    void manyKindsNeedNoMoreMemory() {
        for (int i = 0; i < 10 * RateLimit.KINDS_MAX; i++) {
            assertThat(limit.admit("kind " + i, "x", START)).isTrue();
        }
        burst("kind", START);
    }
}
