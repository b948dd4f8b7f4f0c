package io.holdfast.space;

/**
 * When to try something again that has failed: after 1, 2, 4 … steps.
 *
 * @param failures so far
 * @param next step of the next attempt
 */
record Retry(int failures, long next) {
    private static final int DOUBLINGS_MAX = 20;

    static Retry first(long now) {
        return new Retry(1, now + 1);
    }

    /** Returns the plan after one more failure. */
    Retry again(long now) {
        return new Retry(failures + 1, now + (1L << Math.min(failures, DOUBLINGS_MAX)));
    }

    boolean isDue(long now) {
        return now >= next;
    }
}
