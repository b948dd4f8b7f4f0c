package io.holdfast.cli.metrics;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.time.Duration;

/**
 * The process of a server at one moment.
 *
 * @param startSeconds when it started, since 1970
 * @param lookAgeSeconds how long ago it last looked at the volume
 */
public record ProcessReadings(
        String java,
        double startSeconds,
        double cpuSeconds,
        long heapUsed,
        long heapMax,
        double gcSeconds,
        double lookAgeSeconds) {
    /** Looks at this process. */
    public static ProcessReadings now(double lookAgeSeconds) {
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        long gcMillis = ManagementFactory.getGarbageCollectorMXBeans().stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                .filter(millis -> millis > 0)
                .sum();
        return new ProcessReadings(
                Runtime.version().toString(),
                ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3,
                ProcessHandle.current()
                                .info()
                                .totalCpuDuration()
                                .orElse(Duration.ZERO)
                                .toMillis()
                        / 1e3,
                heap.getUsed(),
                heap.getMax(),
                gcMillis / 1e3,
                lookAgeSeconds);
    }
}
