package io.holdfast.bench.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
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

    @Test
    void threadsAreKnownWithoutTheirNumbers() {
        assertThat(ThreadUsage.name("G1 Conc#0\n")).isEqualTo("G1 Conc");
        assertThat(ThreadUsage.name("nbd-worker-12\n")).isEqualTo("nbd-worker");
        assertThat(ThreadUsage.Times.parse("250 150 7\n")).isEqualTo(new ThreadUsage.Times(250, 150));
    }

    @Test
    void threadsThatEndCountToo() throws Exception {
        try (ThreadUsage usage = new ThreadUsage(ProcessHandle.current().pid())) {
            Thread busy = Thread.ofPlatform().name("busy-1").start(() -> {
                ThreadMXBean bean = ManagementFactory.getThreadMXBean();
                while (bean.getCurrentThreadCpuTime() < 200_000_000) {
                    Thread.onSpinWait();
                }
                while (!usage.hasSeen("busy", 100_000_000)) {
                    Thread.onSpinWait();
                }
            });
            busy.join();
            assertThat(usage.used()).containsKey("busy");
            assertThat(usage.used().get("busy").runningNanos()).isGreaterThanOrEqualTo(100_000_000);
        }
    }
}
