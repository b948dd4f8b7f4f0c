package io.holdfast.sim.schedule;

import io.holdfast.concurrent.Timing;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs all virtual threads of one simulation, one at a time and in virtual time, on the thread that calls {@link #run}.
 * {@link Order} decides their order.
 *
 * <p>Invariants: a thread runs until it blocks, yields or ends. Time stands still while any thread can run, and then
 * jumps to the next timer. Nothing outside the carrier makes a thread ready; so a timed wait of the JDK, which follows
 * the machine's clock, is refused.
 */
public final class Scheduler implements Timing {
    private final Carrier carrier = new Carrier();
    private final Order order;
    private final Trace trace;
    private final List<Runnable> ready = new ArrayList<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    /** The threads seen so far, for the report of a deadlock. */
    private final Map<String, Thread> threads = new LinkedHashMap<>();

    private long now;
    private long steps;
    private long timersMade;
    private @Nullable RuntimeException stop;

    public Scheduler(Order order, Trace trace) {
        this.order = order;
        this.trace = trace;
    }

    /** Watches the simulation from the carrier, every few steps; throws to end it. */
    public interface Watch {
        void look();
    }

    /** No thread can run, and no timer will wake one. */
    public static final class DeadlockException extends RuntimeException {
        private static final long serialVersionUID = 1;

        DeadlockException(String message) {
            super(message);
        }
    }

    private final class Carrier extends ForkJoinPool {
        Carrier() {
            super(1);
        }

        @Override
        public void execute(Runnable continuation) {
            ready.add(continuation);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
            throw new IllegalStateException("a timed wait by the machine's clock; the engine waits by Timing");
        }

        @Override
        public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
            throw new IllegalStateException("a timed wait by the machine's clock; the engine waits by Timing");
        }
    }

    private record Timer(long time, long number, Runnable action) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            return time != other.time ? Long.compare(time, other.time) : Long.compare(number, other.number);
        }
    }

    /** Starts a thread of the simulation; threads started by it belong to the simulation, too. */
    public Thread start(String name, Runnable task) {
        Thread thread = VirtualThreads.on(carrier).name(name).unstarted(() -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                stop(e);
            } catch (Error e) {
                stop(new IllegalStateException(e));
            }
        });
        seen(thread);
        thread.start();
        return thread;
    }

    /** Registers a thread that the engine has started. */
    public void seen(Thread thread) {
        threads.put(thread.getName(), thread);
    }

    /** Ends the simulation; {@link #run} throws the first such exception. */
    public void stop(RuntimeException why) {
        if (stop == null) {
            stop = why;
        }
    }

    public boolean stopping() {
        return stop != null;
    }

    /** Runs until {@code main} has ended and no other thread can run. */
    public void run(Thread main, Watch watch) {
        while (main.isAlive() || !ready.isEmpty()) {
            if (stop != null) {
                throw stop;
            }
            if (ready.isEmpty()) {
                advance();
                continue;
            }
            int next = order.next(ready);
            trace.mix(next + ((long) ready.size() << 32));
            Runnable continuation = ready.remove(next);
            if (++steps % 1024 == 0) {
                watch.look();
            }
            continuation.run();
        }
        if (stop != null) {
            throw stop;
        }
    }

    private void advance() {
        Timer first = timers.poll();
        if (first == null) {
            throw new DeadlockException("deadlock: no thread can run\n" + describeThreads());
        }
        now = Math.max(now, first.time());
        first.action().run();
    }

    /** Returns the stack of each thread that has not ended. */
    public String describeThreads() {
        StringBuilder text = new StringBuilder();
        threads.values().stream().filter(Thread::isAlive).forEach(thread -> {
            text.append("  ").append(thread.getName()).append('\n');
            for (StackTraceElement frame : thread.getStackTrace()) {
                if (frame.getClassName().startsWith("io.holdfast.")) {
                    text.append("      at ").append(frame).append('\n');
                }
            }
        });
        return text.toString();
    }

    public long steps() {
        return steps;
    }

    // ---- time, for the threads of the simulation ----

    @Override
    public long nanoTime() {
        return now;
    }

    /** Lets others run. */
    @SuppressWarnings("ThreadPriorityCheck")
    public void pause() {
        Thread.yield();
    }

    /** Waits in virtual time. */
    public void sleep(long nanos) {
        Thread self = Thread.currentThread();
        boolean[] over = new boolean[1];
        after(nanos, () -> {
            over[0] = true;
            LockSupport.unpark(self);
        });
        while (!over[0]) {
            LockSupport.park(this);
        }
    }

    /** Runs {@code action} on the carrier after this time; it must not block. */
    public void after(long nanos, Runnable action) {
        timers.add(new Timer(now + nanos, timersMade++, action));
    }

    /** The caller has the loop. */
    @Override
    @SuppressWarnings("WaitNotInLoop")
    public void await(ReentrantLock lock, Condition condition, long nanos) throws InterruptedException {
        boolean[] over = new boolean[1];
        after(nanos, () -> {
            if (!over[0]) {
                start("alarm", () -> {
                    lock.lock();
                    try {
                        condition.signalAll();
                    } finally {
                        lock.unlock();
                    }
                });
            }
        });
        try {
            condition.await();
        } finally {
            over[0] = true;
        }
    }

    /** Waits in virtual time for a thread to end. */
    public void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Gives the carrier's threads back. */
    public void close() {
        carrier.shutdown();
    }
}
