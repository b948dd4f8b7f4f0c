package io.holdfast.bench.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SafepointsTest {
    @Test
    void findsTheLongestInWhatJava25Writes() {
        assertThat(Safepoints.longestMillis(List.of(
                        "[0.572s][info][safepoint] Safepoint \"G1CollectForAllocation\", Time since last: 541915345 ns, "
                                + "Reaching safepoint: 6781 ns, At safepoint: 9858615 ns, Leaving safepoint: 12943 ns, "
                                + "Total: 9878339 ns, Threads: 0 runnable, 10 total",
                        "[0.600s][info][safepoint] Safepoint \"Cleanup\", Total: 1000 ns, Threads: 0 runnable, 9 total",
                        "another line")))
                .isEqualTo(9.878339);
        assertThat(Safepoints.longestMillis(List.of())).isZero();
    }
}
