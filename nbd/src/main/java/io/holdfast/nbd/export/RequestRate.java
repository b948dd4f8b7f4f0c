package io.holdfast.nbd.export;

import io.holdfast.concurrent.Timing;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Bounds the requests and bytes per second of all connections of one export. A request may begin when those before it are
 * paid for. So one request of any length begins at once on an idle export, and the next ones wait for what it has cost.
 *
 * <p>Invariants: the requests of the export begin in the order in which they came. Each connection has at most one request
 * that waits, since the thread that reads its requests waits itself: nothing is queued, and the client's socket fills.
 */
public final class RequestRate {
    /** What an export may save up while it is idle. */
    private static final long SAVED_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(100);

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final long requestNanos;
    private final long bytesPerSecond;
    private final Timing timing;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition woken = lock.newCondition();
    /** When all requests so far are paid for. */
    private long paid;

    /** 0 for no bound. */
    RequestRate(int requestsPerSecond, long bytesPerSecond, Timing timing) {
        this.requestNanos = requestsPerSecond == 0 ? 0 : SECOND / requestsPerSecond;
        this.bytesPerSecond = bytesPerSecond;
        this.timing = timing;
        this.paid = timing.nanoTime() - SAVED_NANOS_MAX;
    }

    /**
     * Notes a request that has come, and returns the time at which it may begin.
     *
     * @param bytes that it moves, at most some 64 MiB
     */
    public long enter(long bytes) {
        long byteNanos = bytesPerSecond == 0 ? 0 : (long) ((double) bytes / bytesPerSecond * SECOND);
        lock.lock();
        try {
            long earliest = timing.nanoTime() - SAVED_NANOS_MAX;
            long begin = paid - earliest > 0 ? paid : earliest;
            paid = begin + Math.max(requestNanos, byteNanos);
            return begin;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether a time that {@link #enter} returned has come. */
    public boolean hasCome(long time) {
        return time - timing.nanoTime() <= 0;
    }

    /**
     * Waits for a time that {@link #enter} returned.
     *
     * @param given whether to give up; asked again after {@link #wake}
     */
    public void await(long time, BooleanSupplier given) {
        lock.lock();
        try {
            for (long rest = time - timing.nanoTime();
                    rest > 0 && !given.getAsBoolean();
                    rest = time - timing.nanoTime()) {
                timing.await(lock, woken, rest);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** Has those that wait ask whether to give up. */
    public void wake() {
        lock.lock();
        try {
            woken.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
