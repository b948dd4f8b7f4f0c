package io.holdfast.btree;

import java.util.SplittableRandom;
import java.util.stream.LongStream;

/** Seeded random values for property tests. A test names its seed, so that a failure can be run again. */
public final class Generator {
    private final SplittableRandom random;

    public Generator(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /** Returns the seeds to try: 1 to {@code count}, or just the one given by {@code -Dholdfast.seed=}. */
    public static LongStream seeds(int count) {
        Long one = Long.getLong("holdfast.seed");
        return one != null ? LongStream.of(one) : LongStream.rangeClosed(1, count);
    }

    /** Returns a number from {@code min} to {@code max}, both included. */
    public int between(int min, int max) {
        return random.nextInt(min, max + 1);
    }

    /** Returns true once in {@code n} times. */
    public boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    public byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Returns one of the values. */
    @SafeVarargs
    public final <T> T pick(T... values) {
        return values[random.nextInt(values.length)];
    }
}
