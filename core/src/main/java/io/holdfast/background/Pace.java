package io.holdfast.background;

/**
 * How fast one job may go: a bucket that fills with the rate, and may be in debt. The rate is the lesser of what the user has
 * set and what the clients leave; clients never press it below {@link #RATE_MIN}, so that every job ends. Not thread-safe.
 */
final class Pace {
    /** A rate that bounds nothing. */
    static final long NO_BOUND = Long.MAX_VALUE;
    /** Bytes per second that a job has at least, however busy the clients are. */
    static final long RATE_MIN = 4L << 20;
    /** By so much the rate grows at least when the clients do not notice the job … */
    static final long STEP = 16L << 20;
    /** … and by this part of it, so that a window now and then in which they wait for something else does not keep it low. */
    private static final int GROWTH_PART = 8;

    /** What a job may move at once that has not moved anything for a while. */
    private static final double BURST_SECONDS = 0.02;

    private static final double NANOS = 1e9;

    private long limit = NO_BOUND;
    private long allowed = NO_BOUND;
    private double tokens;
    private long filledAt;

    /** @param now nanoseconds of the clock that all calls use */
    Pace(long now) {
        filledAt = now;
    }

    /** Returns bytes per second, or {@link #NO_BOUND}. */
    long rate() {
        return Math.min(limit, Math.max(allowed, RATE_MIN));
    }

    /** Returns what the user has set, or {@link #NO_BOUND}. */
    long limit() {
        return limit;
    }

    /** Sets the user's bound; {@link #NO_BOUND} for none. */
    void setLimit(long now, long bytesPerSecond) {
        fill(now);
        limit = bytesPerSecond;
        fill(now);
    }

    /**
     * Halves the rate.
     *
     * @param moved bytes per second that the job has moved lately
     */
    void slower(long now, long moved) {
        fill(now);
        allowed = Math.max(RATE_MIN, Math.min(allowed, moved) / 2);
    }

    /**
     * Lets the rate grow by a step, if the job has made use of it.
     *
     * @param moved bytes per second that the job has moved lately
     */
    void faster(long now, long moved) {
        fill(now);
        if (moved < allowed / 2) {
            return;
        }
        long step = Math.max(STEP, allowed / GROWTH_PART);
        allowed = allowed > NO_BOUND - step ? NO_BOUND : allowed + step;
    }

    /** There are no clients that could notice the job. */
    void free(long now) {
        fill(now);
        allowed = NO_BOUND;
        fill(now);
    }

    /** Returns how many nanoseconds from {@code now} the job must wait before it moves anything. */
    long nanosToWait(long now) {
        fill(now);
        return tokens >= 0 ? 0 : (long) Math.min(Math.ceil(-tokens * NANOS / rate()), Long.MAX_VALUE / 2.0);
    }

    /** Takes bytes, which may make a debt. */
    void take(long now, long bytes) {
        fill(now);
        if (rate() != NO_BOUND) {
            tokens -= bytes;
        }
    }

    private void fill(long now) {
        long rate = rate();
        if (rate == NO_BOUND) {
            tokens = 0;
        } else {
            tokens = Math.min(BURST_SECONDS * rate, tokens + (now - filledAt) * (rate / NANOS));
        }
        filledAt = now;
    }
}
