package io.holdfast.space;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Waits until no thread knows an old mapping any more. A reader registers before it looks a mapping up, and leaves when
 * it is done with the mapping's blocks. {@link #awaitOlder} returns when all readers that registered before it have
 * left.
 *
 * <p>Invariant: at most two epochs have readers; one thread at a time calls {@code awaitOlder}.
 */
public final class ReaderEpochs {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition left = lock.newCondition();
    private final long[] readers = new long[2];
    private int current;

    /** Registers a reader and returns its ticket for {@link #leave}. */
    public int enter() {
        lock.lock();
        try {
            readers[current]++;
            return current;
        } finally {
            lock.unlock();
        }
    }

    public void leave(int ticket) {
        lock.lock();
        try {
            if (--readers[ticket] == 0) {
                left.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until all readers that are registered now have left. */
    public void awaitOlder() {
        lock.lock();
        try {
            int old = current;
            current = 1 - old;
            while (readers[old] > 0) {
                left.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }
}
