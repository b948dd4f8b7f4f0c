package io.holdfast.bench.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProcessUsageTest {
    @Test
    void aNameMayHoldSpacesAndParentheses() throws IOException {
        String stat = "12 (a) b (c) S 1 12 12 0 -1 4194560 9 0 0 0 250 150 0 0 20 0 1 0 5 6 7";
        ProcessUsage usage = ProcessUsage.parse(stat, List.of("Name:\ta", "VmHWM:\t   2048 kB", "Threads:\t1"));
        assertThat(usage.cpuSeconds()).isEqualTo(4.0);
        assertThat(usage.peakBytes()).isEqualTo(2L << 20);
    }

    @Test
    void threadsCountTogetherIfOnlyNumbersDistinguishThem() throws IOException {
        Map<String, Double> seconds = new HashMap<>();
        ThreadUsage.add(seconds, "12 (C2 CompilerThre) S 1 12 12 0 -1 4194560 9 0 0 0 250 150 0 0 20 0 1 0 5 6 7");
        ThreadUsage.add(seconds, "13 (nbd-worker-1) S 1 12 12 0 -1 4194560 9 0 0 0 100 0 0 0 20 0 1 0 5 6 7");
        ThreadUsage.add(seconds, "14 (nbd-worker-12) S 1 12 12 0 -1 4194560 9 0 0 0 0 200 0 0 20 0 1 0 5 6 7");
        assertThat(seconds).containsOnly(entry("C2 CompilerThre", 4.0), entry("nbd-worker", 3.0));
        ThreadUsage used = new ThreadUsage(seconds).since(new ThreadUsage(Map.of("nbd-worker", 2.0)));
        assertThat(used.cpuSeconds()).containsOnly(entry("C2 CompilerThre", 4.0), entry("nbd-worker", 1.0));
        assertThat(ThreadUsage.of(ProcessHandle.current().pid()).cpuSeconds()).isNotEmpty();
    }
}
