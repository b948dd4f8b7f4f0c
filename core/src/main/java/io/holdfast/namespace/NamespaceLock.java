package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The lock of a namespace. A thread holds it exclusively for a change, and shared for an answer. It holds the lock over
 * calls of the store, which may read the device. The order of locks is this one, then an open file's, then the store's.
 */
final class NamespaceLock {
    private final InstantSource clock;
    private final Lock shared;
    private final Lock exclusive;

    NamespaceLock(InstantSource clock) {
        this.clock = clock;
        ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
        this.shared = lock.readLock();
        this.exclusive = lock.writeLock();
    }

    /** An answer. */
    interface Answer<T> {
        T get() throws HoldfastException;
    }

    /** A change with a result. */
    interface Change<T> {
        T make(Instant now) throws HoldfastException;
    }

    /** A change without a result. */
    interface Step {
        void run(Instant now) throws HoldfastException;
    }

    <T> T read(Answer<T> answer) throws HoldfastException {
        shared.lock();
        try {
            return answer.get();
        } finally {
            shared.unlock();
        }
    }

    /** Does as {@link #read}, but answers {@code otherwise} in place of waiting. */
    <T> T tryRead(Answer<T> answer, T otherwise) throws HoldfastException {
        if (!shared.tryLock()) {
            return otherwise;
        }
        try {
            return answer.get();
        } finally {
            shared.unlock();
        }
    }

    <T> T change(Change<T> change) throws HoldfastException {
        exclusive.lock();
        try {
            return change.make(clock.instant());
        } finally {
            exclusive.unlock();
        }
    }

    void run(Step step) throws HoldfastException {
        exclusive.lock();
        try {
            step.run(clock.instant());
        } finally {
            exclusive.unlock();
        }
    }
}
