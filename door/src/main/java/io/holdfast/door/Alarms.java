package io.holdfast.door;

import io.holdfast.concurrent.Threads;
import io.holdfast.concurrent.Timing;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs actions when their time has come, one after the other, on one thread. The thread is there from the beginning: when
 * an alarm is set the system may have no thread left.
 *
 * <p>Invariants: {@code entries} has the actions that will run, the next one first; each is in it at most once. Whatever
 * an action throws, the next ones run.
 */
public final class Alarms {
    private final Timing timing;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final PriorityQueue<Entry> entries = new PriorityQueue<>();
    private long numbers;
    private boolean stopped;

    /**
     * Starts the thread, of the caller's kind.
     *
     * @param name of the thread
     */
    public Alarms(String name, Timing timing) {
        this.timing = timing;
        Threads.start(name, this::run);
    }

    /** An action that will run. */
    public interface Alarm {
        /** Lets it run no more, unless it is running now. Calling this twice is harmless. */
        void cancel();
    }

    private final class Entry implements Alarm, Comparable<Entry> {
        private final Runnable action;
        private final long period;
        private final long number = numbers++;
        private long time;

        Entry(Runnable action, long time, long period) {
            this.action = action;
            this.time = time;
            this.period = period;
        }

        @Override
        public int compareTo(Entry other) {
            long before = time - other.time;
            return before != 0 ? Long.signum(before) : Long.compare(number, other.number);
        }

        @Override
        public void cancel() {
            lock.lock();
            try {
                entries.remove(this);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Runs an action once, in about so many nanoseconds. It must not wait. */
    public Alarm after(long nanos, Runnable action) {
        return add(nanos, 0, action);
    }

    /** Runs an action again and again, with about so many nanoseconds in between. It must not wait. */
    public Alarm every(long nanos, Runnable action) {
        return add(nanos, nanos, action);
    }

    private Alarm add(long nanos, long period, Runnable action) {
        lock.lock();
        try {
            Entry entry = new Entry(action, timing.nanoTime() + nanos, period);
            entries.add(entry);
            if (entries.peek() == entry) {
                changed.signal();
            }
            return entry;
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        boolean ended = false;
        while (!ended) {
            try {
                Runnable action = next();
                ended = action == null;
                if (action != null) {
                    action.run();
                }
            } catch (RuntimeException | Error e) {
                // Memory may be short. The other actions must run all the same.
            } catch (InterruptedException e) {
                // Nobody interrupts this thread to end it.
            }
        }
    }

    /** Waits for the next action; null if this was stopped. */
    private @Nullable Runnable next() throws InterruptedException {
        lock.lock();
        try {
            while (!stopped) {
                Entry first = entries.peek();
                long rest = first == null ? 0 : first.time - timing.nanoTime();
                if (first == null) {
                    changed.awaitUninterruptibly();
                } else if (rest > 0) {
                    timing.await(lock, changed, rest);
                } else {
                    take(first);
                    return first.action;
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** Takes the first entry out; one that comes again goes back at once, into the place that is free now. */
    private void take(Entry first) {
        entries.remove();
        if (first.period > 0) {
            first.time = timing.nanoTime() + first.period;
            entries.add(first);
        }
    }

    /** Ends the thread; no action begins any more. */
    public void stop() {
        lock.lock();
        try {
            stopped = true;
            entries.clear();
            changed.signal();
        } finally {
            lock.unlock();
        }
    }
}
