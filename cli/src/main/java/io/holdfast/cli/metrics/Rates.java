package io.holdfast.cli.metrics;

import io.holdfast.nbd.NbdMetrics;
import io.holdfast.volume.LatencyCounts;
import io.holdfast.volume.VolumeCounters;
import java.util.List;

/**
 * What a server did between two readings.
 *
 * @param nanos the time between them, positive
 */
public record Rates(ServerReadings before, ServerReadings after, long nanos) {
    /** The operations that are shown one by one. */
    public static final List<String> OPERATIONS = List.of("read", "write", "flush");

    /** Returns how long requests of a kind took. */
    public LatencyCounts times(String operation) {
        return times(after, operation).since(times(before, operation));
    }

    private static LatencyCounts times(ServerReadings readings, String operation) {
        return readings.doors().stream()
                .flatMap(doors -> doors.nbd().operations().stream())
                .filter(known -> known.name().equals(operation))
                .map(NbdMetrics.Operation::times)
                .findFirst()
                .orElse(LatencyCounts.NONE);
    }

    /** Returns how many times a second something of so many happened. */
    public double perSecond(long count) {
        return count * 1e9 / nanos;
    }

    /** Returns the bytes that clients read per second. */
    public double bytesRead() {
        return perSecond(difference(bytesRead(after), bytesRead(before)));
    }

    /** Returns the bytes that clients wrote per second. */
    public double bytesWritten() {
        return perSecond(difference(bytesWritten(after), bytesWritten(before)));
    }

    private static long bytesRead(ServerReadings readings) {
        return readings.doors().map(d -> d.nbd().counters().bytesRead()).orElse(0L);
    }

    private static long bytesWritten(ServerReadings readings) {
        return readings.doors().map(d -> d.nbd().counters().bytesWritten()).orElse(0L);
    }

    /** Returns the part of the blocks read that the cache had, 0 to 1; -1 if none was read. */
    public double cacheHits() {
        VolumeCounters now = after.counters();
        VolumeCounters then = before.counters();
        long hits = difference(now.cacheHits(), then.cacheHits());
        long all = hits + difference(now.cacheMisses(), then.cacheMisses());
        return all == 0 ? -1 : (double) hits / all;
    }

    /** Counts that have begun anew, since the volume was opened again, count in full. */
    private static long difference(long now, long then) {
        return now >= then ? now - then : now;
    }
}
