package io.holdfast.concurrent;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts how long something took, in buckets of which four share a power of two: 1 µs to 68 s, and what is shorter or
 * longer. Thread-safe; an entry costs two striped additions.
 */
public final class Latencies {
    private static final int SHORTEST_LOG2 = 10;
    private static final int LONGEST_LOG2 = 36;
    private static final int PARTS_LOG2 = 2;
    private static final int PARTS = 1 << PARTS_LOG2;

    /** How many buckets there are, the ones for what is shorter and what is longer among them. */
    public static final int BUCKETS = (LONGEST_LOG2 - SHORTEST_LOG2) * PARTS + 2;

    private final LongAdder[] counts = new LongAdder[BUCKETS];
    private final LongAdder nanos = new LongAdder();

    public Latencies() {
        for (int i = 0; i < BUCKETS; i++) {
            counts[i] = new LongAdder();
        }
    }

    /** Counts something that took so many nanoseconds; a negative number counts as 0. */
    public void add(long took) {
        counts[bucket(took)].increment();
        nanos.add(Math.max(0, took));
    }

    /** Returns the number of the bucket of a time, from 0 on. */
    static int bucket(long took) {
        if (took < 1L << SHORTEST_LOG2) {
            return 0;
        }
        int log2 = Long.SIZE - 1 - Long.numberOfLeadingZeros(took);
        if (log2 >= LONGEST_LOG2) {
            return BUCKETS - 1;
        }
        int part = (int) (took >>> (log2 - PARTS_LOG2)) & (PARTS - 1);
        return 1 + (log2 - SHORTEST_LOG2) * PARTS + part;
    }

    /** Returns the nanoseconds that are just too many for a bucket; {@code Long.MAX_VALUE} for the last one. */
    public static long end(int bucket) {
        if (bucket == 0) {
            return 1L << SHORTEST_LOG2;
        }
        if (bucket == BUCKETS - 1) {
            return Long.MAX_VALUE;
        }
        int log2 = SHORTEST_LOG2 + (bucket - 1) / PARTS;
        int part = (bucket - 1) % PARTS;
        return (long) (PARTS + part + 1) << (log2 - PARTS_LOG2);
    }

    /** Returns how many were counted in each bucket. */
    public List<Long> counts() {
        List<Long> list = new ArrayList<>(BUCKETS);
        for (LongAdder count : counts) {
            list.add(count.sum());
        }
        return list;
    }

    /** Returns the sum of all times. */
    public long nanos() {
        return nanos.sum();
    }
}
