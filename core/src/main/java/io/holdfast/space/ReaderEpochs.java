package io.holdfast.space;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Tells when everyone who may know an old mapping is gone. Readers register before they look a mapping up and leave
 * when they are done with the blocks it named; {@link #awaitOlder} returns when all that registered before it have left.
 *
 * <p>Invariant: at most two epochs have readers; {@code awaitOlder} is called by one thread at a time.
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

    /** Waits until all readers have left that were there when it was called. */
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
