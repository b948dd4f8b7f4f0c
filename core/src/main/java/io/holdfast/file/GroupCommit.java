package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets calls that come while one is running share the next one (group commit): so flushes of many threads make few and
 * long records, not many short ones.
 *
 * <p>Invariants: one call runs at a time, and not under {@code lock}; runs are counted as they begin; who waits returns
 * when a run that began after its arrival has succeeded. A failure is its runner's alone: the others run again, and find
 * out for themselves.
 */
final class GroupCommit {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private boolean running;
    private long begun;
    private long succeeded;

    /** What is done for all that wait. */
    interface Work {
        void run() throws HoldfastException;
    }

    /** Returns when a run of {@code work}, which began after this call, has succeeded; it may be another caller's. */
    void run(Work work) throws HoldfastException {
        if (!becomesRunner()) {
            return;
        }
        boolean done = false;
        try {
            work.run();
            done = true;
        } finally {
            end(done);
        }
    }

    /** Waits for one of both: the caller's turn to run, or the end of a run that serves it. */
    private boolean becomesRunner() {
        lock.lock();
        try {
            long wanted = begun + 1;
            while (running && succeeded < wanted) {
                ended.awaitUninterruptibly();
            }
            if (succeeded >= wanted) {
                return false;
            }
            running = true;
            begun++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void end(boolean done) {
        lock.lock();
        try {
            running = false;
            if (done) {
                succeeded = begun;
            }
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
