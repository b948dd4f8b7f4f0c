package io.holdfast.file;

import io.holdfast.error.HoldfastException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Group commit: calls that come during a run share the next run. So flushes of many threads make few long records, not
 * many short ones.
 *
 * <p>Invariants: one run at a time, and never under {@code lock}. Runs are numbered as they begin. A caller returns
 * when a run that began after its arrival has succeeded. A failure is the runner's alone: the callers that waited run
 * again and find out for themselves.
 */
final class GroupCommit {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private boolean running;
    private long begun;
    private long succeeded;

    /** The work that one caller runs for all that wait. */
    interface Work {
        void run() throws HoldfastException;
    }

    /** Returns once a run of {@code work} that began after this call has succeeded, be it another caller's. */
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

    /** Waits until the caller may run, or a run has served it; returns false for the latter. */
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
