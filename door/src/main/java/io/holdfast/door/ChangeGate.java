package io.holdfast.door;

import io.holdfast.concurrent.Timing;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import java.io.EOFException;
import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Every change (write, trim, zeroing) of one connection begins here. A killed client may leave requests in its socket,
 * and those must not overwrite what its successor writes; so a later connection to the same file uses this gate to wait
 * for the old changes and to stop further ones.
 *
 * <p>A successor calls {@link #succeed}, which begins a new period, and then waits for the changes of all earlier
 * periods. Before the reading thread of this connection begins the first change of the new period, it checks that its
 * own client is still connected. If the client is gone, none of its changes begins any more.
 *
 * <p>Invariants: when {@link #awaitPeriod} returns true, every change that began before {@code succeed} has ended. A
 * change that begins after {@code succeed} belongs to a client that was still connected then. The successor never waits
 * for a client: a change begins only when its payload has arrived, and ends before its reply is sent.
 */
public final class ChangeGate {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    /** Earlier periods with running changes. A linked queue stays consistent when an allocation fails. */
    private final ConcurrentLinkedQueue<Period> before = new ConcurrentLinkedQueue<>();

    private final Timing timing;
    private Period now = new Period(0);
    private boolean lookDue;

    public ChangeGate(Timing timing) {
        this.timing = timing;
    }

    /** The time between two successors. */
    public static final class Period {
        private final long number;
        private int running;

        private Period(long number) {
            this.number = number;
        }
    }

    /**
     * Begins a change. For the reading thread.
     *
     * @param gone finds out whether the client has closed the connection
     * @throws EOFException if it has, and another client has come: the change must not be made
     */
    public Period begin(BooleanSupplier gone) throws IOException {
        while (true) {
            lock.lock();
            try {
                if (!lookDue || Inject.off(Guard.GONE_BEGINS_NOTHING)) {
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

    /** Ends a change. */
    public void end(Period period) {
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

    /** Lets the next change begin only after a look whether the client is still there. */
    void lookFirst() {
        lock.lock();
        try {
            lookDue = true;
        } finally {
            lock.unlock();
        }
    }

    /** Begins a new period for another connection that has come, and returns the number of the period before it. */
    public long succeed() {
        lock.lock();
        try {
            lookDue = true;
            Period last = now;
            // Make it before the queue gets the last one: if this allocation failed afterwards, a period that goes on
            // would be taken for an earlier one.
            Period next = new Period(last.number + 1);
            if (last.running > 0) {
                before.add(last);
            }
            now = next;
            return last.number;
        } finally {
            lock.unlock();
        }
    }

    /** Waits up to {@code nanos} for all changes up to that period to end; returns whether they have. */
    public boolean awaitPeriod(long number, long nanos) throws InterruptedException {
        lock.lock();
        try {
            long end = timing.nanoTime() + nanos;
            for (@Nullable Period first = before.peek();
                    first != null && first.number <= number;
                    first = before.peek()) {
                long rest = end - timing.nanoTime();
                if (rest <= 0) {
                    return false;
                }
                timing.await(lock, ended, rest);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** A successor waits this long at a time, and checks in between whether the server is stopping. */
    public static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
}
