package io.holdfast.bench.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessUsageTest {
    @Test
    void aNameMayHoldSpacesAndParentheses() throws IOException {
        String stat = "12 (a) b (c) S 1 12 12 0 -1 4194560 9 0 0 0 250 150 0 0 20 0 1 0 5 6 7";
        ProcessUsage usage = ProcessUsage.parse(stat, List.of("Name:\ta", "VmHWM:\t   2048 kB", "Threads:\t1"));
        assertThat(usage.cpuSeconds()).isEqualTo(4.0);
        assertThat(usage.peakBytes()).isEqualTo(2L << 20);
    }
}
