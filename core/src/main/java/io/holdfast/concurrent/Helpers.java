package io.holdfast.concurrent;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A few threads that, when idle, take over parts of other threads' calls. They start when first needed.
 *
 * <p>Invariant: there are never more accepted tasks than threads, so no accepted task waits for another one here. A
 * caller that waits for its accepted task waits for nothing else, and may hold locks.
 */
public final class Helpers {
    private static final System.Logger LOG = System.getLogger(Helpers.class.getName());

    private final String name;
    private final int threadsMax;
    private final Starter starter;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wanted = lock.newCondition();
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final List<Thread> threads = new ArrayList<>();
    /** Threads that are waiting for a task. */
    private int idle;

    private boolean stopping;

    /** Starts threads. */
    interface Starter {
        Thread start(String name, Runnable task);
    }

    public Helpers(String name, int threadsMax) {
        this(name, threadsMax, Threads::start);
    }

    Helpers(String name, int threadsMax, Starter starter) {
        this.name = name;
        this.threadsMax = threadsMax;
        this.starter = starter;
    }

    /**
     * Lets up to {@code count} threads run a task at once. Never waits.
     *
     * @param task must not throw
     * @return how many threads run it now or soon
     */
    public int offer(Runnable task, int count) {
        lock.lock();
        try {
            int accepted = 0;
            while (accepted < count && !stopping) {
                if (tasks.size() >= idle && !startThread()) {
                    break;
                }
                tasks.add(task);
                wanted.signal();
                accepted++;
            }
            return accepted;
        } finally {
            lock.unlock();
        }
    }

    /** Starts a thread; returns false if there are enough, or the system has no more. Callers then do without help. */
    private boolean startThread() {
        if (threads.size() == threadsMax) {
            return false;
        }
        try {
            threads.add(starter.start(name + "-" + (threads.size() + 1), this::run));
        } catch (OutOfMemoryError e) {
            LOG.log(System.Logger.Level.WARNING, "no more threads to help with large writes", e);
            return false;
        }
        idle++;
        return true;
    }

    private void run() {
        while (true) {
            Runnable task;
            lock.lock();
            try {
                while (tasks.isEmpty()) {
                    if (stopping) {
                        return;
                    }
                    wanted.awaitUninterruptibly();
                }
                task = tasks.remove();
                idle--;
            } finally {
                lock.unlock();
            }
            task.run();
            lock.lock();
            try {
                idle++;
            } finally {
                lock.unlock();
            }
        }
    }

    /** Ends the threads once they have done all accepted tasks. */
    public void stop() {
        lock.lock();
        try {
            stopping = true;
            wanted.signalAll();
        } finally {
            lock.unlock();
        }
        threads.forEach(Threads::join);
    }
}
