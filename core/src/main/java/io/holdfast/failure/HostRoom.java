package io.holdfast.failure;

import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Knows whether the host has room for more of the volume, which lies on a sparse file or a thin device. Unlike a failed
 * flush, a write that found no room may be tried again: nobody was promised anything, and nothing is lost.
 *
 * <p>Invariants: room is missing from the first refusal until a later attempt succeeds. Meanwhile new writes are
 * refused. Between {@link #start} and {@link #stop} a write that already has its place in the log waits for room, at
 * most {@link #RETRY_NANOS} between two attempts, and then goes to that place.
 */
public final class HostRoom {
    /** Time between two attempts of a thread that waits. */
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    /** Time between two attempts for callers that do not wait. */
    private static final long PROBE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final System.Logger LOG = System.getLogger("holdfast");

    private final Timing timing;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile @Nullable HoldfastException missing;
    private final Set<Thread> waiting = new HashSet<>();
    private boolean impatient = true;
    private volatile boolean stopped;
    private long lastAttempt;

    public HostRoom(Timing timing) {
        this.timing = timing;
    }

    public boolean isMissing() {
        return missing != null;
    }

    /** Throws {@code NO_SPACE} if this thread waits for room: what it does cannot go on. */
    public void checkWaiting(@Nullable Thread thread) throws HoldfastException {
        checkWaiting(waits -> waits.contains(thread));
    }

    /** Throws {@code NO_SPACE} if any thread waits for room: it may hold what the caller needs. */
    public void checkWaiting() throws HoldfastException {
        checkWaiting(waits -> !waits.isEmpty());
    }

    /** Returns whether a thread waits for room. */
    public boolean isAwaited() {
        lock.lock();
        try {
            return !waiting.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void checkWaiting(Predicate<Set<Thread>> condition) throws HoldfastException {
        boolean waits;
        lock.lock();
        try {
            waits = condition.test(waiting);
        } finally {
            lock.unlock();
        }
        if (waits) {
            check();
        }
    }

    /** Throws {@code NO_SPACE} if room is missing. */
    public void check() throws HoldfastException {
        HoldfastException why = missing;
        if (why != null) {
            throw refusal(why);
        }
    }

    /** Notes that there was no room, and returns the error for the caller. */
    public HoldfastException refused(HoldfastException why) {
        boolean first;
        lock.lock();
        try {
            first = missing == null;
            missing = why;
            lastAttempt = timing.nanoTime();
        } finally {
            lock.unlock();
        }
        if (first) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0}; writes are refused until there is room. Nothing is lost; make room",
                    why.getMessage());
            listeners.forEach(Runnable::run);
        }
        return refusal(why);
    }

    /** Notes that there was room. It still counts as missing while a waiting thread has found none. */
    public void found() {
        if (missing == null) {
            return;
        }
        lock.lock();
        try {
            if (missing == null || !waiting.isEmpty()) {
                return;
            }
            missing = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        LOG.log(System.Logger.Level.WARNING, "there is room for the volume again; writes go on");
        listeners.forEach(Runnable::run);
    }

    /** Returns whether a caller that does not wait should try again: true once in {@link #PROBE_NANOS}. */
    public boolean worthTrying() {
        if (missing == null) {
            return true;
        }
        lock.lock();
        try {
            long now = timing.nanoTime();
            if (now - lastAttempt < PROBE_NANOS) {
                return false;
            }
            lastAttempt = now;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** A call that needs room. */
    public interface Attempt {
        /**
         * Tries once.
         *
         * @throws HoldfastException {@code HOST_FULL} if there was no room; the caller may try again
         */
        void run() throws HoldfastException;
    }

    /**
     * Tries until there is room.
     *
     * @throws HoldfastException the attempt's error; {@code HOST_FULL} only before {@link #start} and after {@link
     *     #stop}
     */
    public void insist(Attempt attempt) throws HoldfastException {
        boolean counted = false;
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    attempt.run();
                    break;
                } catch (HoldfastException e) {
                    if (e.code() != ErrorCode.HOST_FULL) {
                        throw e;
                    }
                    refused(e);
                    if (!counted) {
                        counted = count();
                        listeners.forEach(Runnable::run);
                    }
                    interrupted |= awaitNext(e);
                }
            }
        } finally {
            if (counted) {
                uncount();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        if (counted) {
            found();
        }
    }

    private boolean count() {
        lock.lock();
        try {
            waiting.add(Thread.currentThread());
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void uncount() {
        lock.lock();
        try {
            waiting.remove(Thread.currentThread());
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the thread was interrupted: this does not end a write's wait, and is kept for later. */
    private boolean awaitNext(HoldfastException why) throws HoldfastException {
        lock.lock();
        try {
            boolean interrupted = !impatient && pause(lock, changed, RETRY_NANOS);
            if (impatient) {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
                throw why;
            }
            return interrupted;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until there is room, or until it is time to try again; for background work that was refused.
     *
     * @param workerLock held by the caller
     * @param wake a condition of that lock; signalled by a listener ({@link #onChange}), and when {@code over} becomes
     *     true
     * @param over whether the wait has become pointless
     */
    public void awaitRetry(ReentrantLock workerLock, Condition wake, BooleanSupplier over) {
        long start = timing.nanoTime();
        long left = RETRY_NANOS;
        boolean interrupted = false;
        while (missing != null && left > 0 && !over.getAsBoolean()) {
            interrupted |= pause(workerLock, wake, left);
            left = RETRY_NANOS - (timing.nanoTime() - start);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits once; returns whether the thread was interrupted. */
    private boolean pause(ReentrantLock held, Condition condition, long nanos) {
        try {
            timing.await(held, condition, nanos);
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    /** Lets {@link #insist} wait from now on: the volume is open. */
    public void start() {
        lock.lock();
        try {
            impatient = false;
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waits and allows no more: the volume is being closed. */
    public void stop() {
        lock.lock();
        try {
            impatient = true;
            stopped = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether {@link #stop} was called: {@code HOST_FULL} then means that the wait was given up. */
    public boolean isStopped() {
        return stopped;
    }

    /** Registers {@code wake}, which runs when room begins to be missing, when a thread begins to wait for
     * it, and when there is some again. */
    public void onChange(Runnable wake) {
        listeners.add(wake);
    }

    private static HoldfastException refusal(HoldfastException why) {
        return new HoldfastException(
                ErrorCode.NO_SPACE,
                why.getMessage() + "; the write was refused and nothing is lost: make room, then write again",
                why);
    }
}
