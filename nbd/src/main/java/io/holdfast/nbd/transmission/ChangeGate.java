package io.holdfast.nbd.transmission;

import java.io.EOFException;
import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where the changes of one connection (writes, trims, zeroings) begin, and where a later connection to the same file makes
 * sure that none of a dead client comes after its own. A client that was killed may have left requests in its socket; they
 * must not land on what its successor wrote.
 *
 * <p>A successor calls {@link #succeed}, which begins a new period, and then waits for the changes of the periods before.
 * The first change of the new period begins only when the reading thread has looked whether its own client is still there.
 * If it is not, nothing of it begins any more.
 *
 * <p>Invariants: a change that begins before {@code succeed} has ended when {@link #awaitPeriod} returns true; one that
 * begins after it is of a client that was connected at that time. Nobody waits for a client: what counts as a change
 * begins when its payload is there and ends before its reply is sent.
 */
public final class ChangeGate {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    /** Of a kind that is whole after want of memory. */
    private final ConcurrentLinkedQueue<Period> before = new ConcurrentLinkedQueue<>();

    private Period now = new Period(0);
    private boolean lookDue;

    /** The time between two successors. */
    static final class Period {
        private final long number;
        private int running;

        private Period(long number) {
            this.number = number;
        }
    }

    /**
     * A change begins. For the reading thread.
     *
     * @param gone finds out whether the client has closed the connection
     * @throws EOFException if it has, and another client has come: the change must not happen
     */
    Period begin(BooleanSupplier gone) throws IOException {
        while (true) {
            lock.lock();
            try {
                if (!lookDue) {
                    now.running++;
                    return now;
                }
                lookDue = false;
            } finally {
                lock.unlock();
            }
            if (gone.getAsBoolean()) {
                throw new EOFException("the client left, and another one has come: what it had sent is thrown away");
            }
        }
    }

    /** A change has ended. */
    void end(Period period) {
        lock.lock();
        try {
            if (--period.running == 0 && period != now) {
                before.remove(period);
                ended.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Another connection has come: begins a new period and returns the number of the last one before it. */
    public long succeed() {
        lock.lock();
        try {
            lookDue = true;
            Period last = now;
            if (last.running > 0) {
                before.add(last);
            }
            now = new Period(last.number + 1);
            return last.number;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until all changes up to that period have ended, but not longer than {@code nanos}; returns whether they have. */
    public boolean awaitPeriod(long number, long nanos) throws InterruptedException {
        lock.lock();
        try {
            long rest = nanos;
            for (@Nullable Period first = before.peek();
                    first != null && first.number <= number;
                    first = before.peek()) {
                if (rest <= 0) {
                    return false;
                }
                rest = ended.awaitNanos(rest);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** How long a successor waits at a time before it looks whether the server stops. */
    public static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
}
