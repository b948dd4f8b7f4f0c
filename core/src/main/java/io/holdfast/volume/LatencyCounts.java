package io.holdfast.volume;

import io.holdfast.concurrent.Latencies;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * How long something took, counted in buckets.
 *
 * @param counts how many took at least as long as {@link #end} of the bucket before, and less than that of their own; there are
 *     always as many buckets
 * @param nanos the sum of all times
 */
public record LatencyCounts(List<Long> counts, long nanos) {
    /** Nothing was counted. */
    public static final LatencyCounts NONE = new LatencyCounts(Collections.nCopies(Latencies.BUCKETS, 0L), 0);

    /** @throws IllegalArgumentException if there are more or fewer buckets than always */
    public LatencyCounts {
        if (counts.size() != Latencies.BUCKETS) {
            throw new IllegalArgumentException(counts.size() + " buckets, not " + Latencies.BUCKETS);
        }
        counts = List.copyOf(counts);
    }

    /** Returns what was counted so far. */
    public static LatencyCounts of(Latencies latencies) {
        return new LatencyCounts(latencies.counts(), latencies.nanos());
    }

    /** Returns the nanoseconds that are just too many for a bucket; {@code Long.MAX_VALUE} for the last one. */
    public static long end(int bucket) {
        return Latencies.end(bucket);
    }

    /** Returns how many were counted in all buckets. */
    public long count() {
        return counts.stream().mapToLong(Long::longValue).sum();
    }

    /** Returns what was counted since an earlier moment; all of it if the counting has begun anew since. */
    public LatencyCounts since(LatencyCounts before) {
        if (before.count() > count()) {
            return this;
        }
        long[] difference = new long[counts.size()];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = Math.max(0, counts.get(i) - before.counts.get(i));
        }
        return new LatencyCounts(Arrays.stream(difference).boxed().toList(), Math.max(0, nanos - before.nanos));
    }

    /**
     * Returns a time that the given part of all did not exceed, a quarter too long at most; 0 if nothing was counted.
     *
     * @param part between 0 and 1
     */
    public long quantile(double part) {
        long all = count();
        long wanted = Math.max(1, (long) Math.ceil(all * part));
        long seen = 0;
        for (int i = 0; all > 0 && i < counts.size(); i++) {
            seen += counts.get(i);
            if (seen >= wanted) {
                // The last bucket has no end.
                return i == counts.size() - 1 ? end(i - 1) : end(i);
            }
        }
        return 0;
    }
}
